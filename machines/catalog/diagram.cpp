#include "machines/catalog/diagram.hpp"

namespace machines::catalog {

std::string mermaid(const Version& version) {
  std::string text = "stateDiagram-v2\n";
  text.append("  [*] --> ").append(version.start).append("\n");
  for (const Birth& birth : version.births)
    if (birth.to != version.start)
      text.append("  [*] --> ").append(birth.to).append(": ").append(birth.on).append("\n");
  for (const Row& row : version.rows) {
    text.append("  ").append(row.from).append(" --> ").append(row.to).append(": ").append(row.on);
    if (row.then != "none") text.append(" / ").append(row.then);
    if (!row.why.empty()) text.append(" (").append(row.why).append(")");
    text.append("\n");
  }
  for (const std::string_view end : version.finals) text.append("  ").append(end).append(" --> [*]\n");
  return text;
}

}  // namespace machines::catalog
