// Runs the scenario files that are named on the command line, a test each.
#include "tests/scenario/scenario.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace caascan::sim {
namespace {

class ScenarioFile : public testing::Test {
 public:
  explicit ScenarioFile(std::string path) : path_(std::move(path)) {}
  void TestBody() override {
    std::ifstream file(path_);
    ASSERT_TRUE(file) << path_ << " cannot be read";
    std::stringstream text;
    text << file.rdbuf();
    auto scenario = parse_scenario(text.str());
    ASSERT_TRUE(scenario.has_value()) << path_ << ":" << scenario.error();
    for (const std::string& wrong : run_scenario(*scenario)) ADD_FAILURE() << path_ << ":" << wrong;
  }

 private:
  std::string path_;
};

}  // namespace
}  // namespace caascan::sim

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    const std::string path = argv[i];
    testing::RegisterTest(
        "Scenario", std::filesystem::path(path).stem().c_str(), nullptr, nullptr, __FILE__,
        __LINE__, [path]() -> testing::Test* { return new caascan::sim::ScenarioFile(path); });
  }
  return argc > 1 ? RUN_ALL_TESTS() : 2;
}
