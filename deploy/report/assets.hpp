// deploy/report/assets.hpp: the texts that are built into the binary (embed.cmake): our page and the chart library.
#pragma once

#include <string_view>

namespace deploy::report::assets {
extern const std::string_view page_html, replay_html, books_html, page_css, page_js, chart_js;
}  // namespace deploy::report::assets
