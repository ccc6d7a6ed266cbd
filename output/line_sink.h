// Where files of lines are made: whoever makes the lines hands them out one by one.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>

namespace caascan {

// Takes a line without its line break. An error is a sentence, and ends the writing.
using LineSink = std::function<std::expected<void, std::string>(std::string_view line)>;

}  // namespace caascan
