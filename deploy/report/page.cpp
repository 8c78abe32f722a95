#include "deploy/report/page.hpp"

#include <fmt/format.h>

#include "deploy/report/assets.hpp"
#include "machines/core/check.hpp"

namespace deploy::report {

std::string escaped(std::string_view text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool before_percent = text[i] == ' ' && i + 1 < text.size() && text[i + 1] == '%';
    if (text[i] == '<')
      made += "&lt;";
    else if (text[i] == '>')
      made += "&gt;";
    else if (text[i] == '&')
      made += "&amp;";
    else if (text[i] == '"')
      made += "&quot;";
    else if (before_percent)
      made += "&nbsp;";
    else
      made += text[i];
  }
  return made;
}

std::string filled(std::string_view page, const std::map<std::string_view, std::string>& values) {
  std::string made;
  for (;;) {
    const auto from = page.find("{{");
    made += page.substr(0, from);
    if (from == std::string_view::npos) return made;
    const auto to = page.find("}}", from);
    const auto value = values.find(page.substr(from + 2, to - from - 2));
    CHECK(value != values.end());
    made += value->second;
    page.remove_prefix(to + 2);
  }
}

const char* mood(double gain) { return gain < 0 ? "bad" : gain > 0 ? "good" : ""; }

std::string tile(const std::string& value, const std::string& name, const char* look) {
  return fmt::format("<div class=\"tile\"><b class=\"{}\">{}</b><span>{}</span></div>", look, escaped(value),
                     escaped(name));
}

std::string framed(std::map<std::string_view, std::string> values) {
  values["css"] = assets::page_css;
  values["chart_js"] = assets::chart_js;
  values["script"] = assets::page_js;
  return filled(assets::page_html, values);
}

}  // namespace deploy::report
