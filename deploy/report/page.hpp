// deploy/report/page.hpp: the frame that every page of ours has, and the parts that they share. Pure: no I/O, no throw.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace deploy::report {

// Safe inside HTML; a percent sign stays on the line of its number.
std::string escaped(std::string_view text);
// Replaces each {{word}} of the page once; what is put in is not looked through again. REQUIRES: a value for each.
std::string filled(std::string_view page, const std::map<std::string_view, std::string>& values);
// The page around: title, range, notice, mood, verdict, cards and data, ready for HTML; style and scripts are added.
std::string framed(std::map<std::string_view, std::string> values);

// The look of a gain or a loss.
const char* mood(double gain);
// A card of the page: a value over its name, in the look of mood() or none.
std::string tile(const std::string& value, const std::string& name, const char* look);

}  // namespace deploy::report
