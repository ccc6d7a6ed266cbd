#include "output/derived.h"

#include <boost/json.hpp>
#include <utility>

#include "output/evidence.h"
#include "output/issuance.h"
#include "output/message.h"
#include "scanner/store/json_text.h"

namespace caascan {

namespace json = boost::json;

json::object reason_json(const Reason& reason) {
  return {{"id", reason.id}, {"likely", reason.likely}, {"fix", reason.fix}};
}

json::object derived_json(const Finding& finding) {
  json::object out;
  out["reason"] = reason_json(builtin_reasons().reason_of(finding));
  json::array classes;
  for (const IssuanceClass issuance : issuance_classes(finding)) {
    classes.push_back(json::value(word(issuance)));
  }
  out["classes"] = std::move(classes);
  json::array ways;
  for (const Workaround& workaround : workarounds(finding)) {
    ways.push_back(json::object{{"kind", word(workaround.kind)},
                                {"at", printable_ascii(workaround.at)},
                                {"text", describe(workaround)}});
  }
  out["workarounds"] = std::move(ways);
  out["message"] = ca_message(finding.name.text(), ca_problem(finding));
  out["message_2017"] = ca_message_2017(finding);
  out["dig"] = dig_line(finding);
  return out;
}

}  // namespace caascan
