#include "ledger/export/names.hpp"

#include <algorithm>
#include <array>

#include "ledger/env/hex.hpp"

namespace ledger::exports {
namespace {

constexpr std::string_view as_it_is = "X-x";  // no escape begins with "-x"
constexpr std::string_view own = "X-own";     // nor with "-o"
constexpr std::size_t longest_commodity = 24;

// Not <cctype>: its answers depend on the locale.
constexpr bool is_small(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char raised(char c) { return is_small(c) ? static_cast<char>(c - 'a' + 'A') : c; }
constexpr char lowered(char c) { return is_capital(c) ? static_cast<char>(c - 'A' + 'a') : c; }
bool has_small(std::string_view text) { return std::any_of(text.begin(), text.end(), is_small); }

void add_hex(std::string& to, char sign, char byte) {
  to += sign;
  to += env::to_hex({&byte, 1});
}

std::string escaped(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (is_small(c) || is_capital(c) || is_digit(c))
      made += c;
    else if (c == '-')
      made += "--";
    else
      add_hex(made, '-', c);
  }
  return made;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '-') {
      made += text[i];
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == '-') {
      made += text[++i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = env::hex_digit(text[i + 1]);
    const int low = env::hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    made += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return made;
}

std::string component(std::string_view part) {
  std::string name = escaped(part);
  if (part.empty()) return std::string(as_it_is);
  const bool rest_has_small = has_small(part.substr(1));
  if (is_digit(part[0]) || (is_capital(part[0]) && !rest_has_small)) return name;
  if (!is_small(part[0]) || !rest_has_small) return std::string(as_it_is) + name;
  name[0] = raised(name[0]);
  return name;
}

std::optional<std::string> part_of(std::string_view name) {
  if (name.starts_with(as_it_is)) return unescaped(name.substr(as_it_is.size()));
  auto part = unescaped(name);
  if (!part || part->empty()) return std::nullopt;
  if (has_small(std::string_view(*part).substr(1))) (*part)[0] = lowered((*part)[0]);
  return part;
}

template <class Each>
void split(std::string_view text, char at, Each each) {
  for (std::size_t from = 0;;) {
    const auto to = text.find(at, from);
    each(text.substr(from, to - from));
    if (to == std::string_view::npos) return;
    from = to + 1;
  }
}

std::string_view root_of(const Account& account) {
  bool is_fees = false;
  split(account.path, '/', [&](std::string_view part) { is_fees = is_fees || part == "fees"; });
  if (is_fees) return "Expenses";
  return account.limited ? "Assets" : "Equity";
}

bool is_inner(char c) { return is_capital(c) || is_digit(c) || c == '.' || c == '_' || c == '-'; }

// "...-X17"
bool ends_like_ours(std::string_view code) {
  const auto at = code.find_last_not_of("0123456789");
  return at != std::string_view::npos && at + 1 < code.size() && at >= 1 && code.substr(at - 1, 2) == "-X";
}

bool is_legal_commodity(std::string_view code) {
  constexpr std::array<std::string_view, 3> taken = {"TRUE", "FALSE", "NULL"};  // words of beancount
  return code.size() >= 2 && code.size() <= longest_commodity && is_capital(code.front()) &&
         (is_capital(code.back()) || is_digit(code.back())) && std::all_of(code.begin(), code.end(), is_inner) &&
         std::find(taken.begin(), taken.end(), code) == taken.end() && !ends_like_ours(code);
}

}  // namespace

std::string account_name(const Account& account) {
  std::string name(root_of(account));
  name += ":" + component(account.owner);
  split(account.path, '/', [&](std::string_view part) { name += ":" + component(part); });
  if (account.has_children) name += ":" + std::string(own);
  return name;
}

std::optional<Place> place_of(std::string_view name) {
  Place place;
  std::size_t count = 0;
  bool is_ours = true;
  bool ended = false;
  split(name, ':', [&](std::string_view one) {
    const std::size_t index = count++;
    if (index == 0) {
      is_ours = one == "Assets" || one == "Equity" || one == "Expenses";
      return;
    }
    is_ours = is_ours && !ended;
    ended = one == own;
    if (ended) return;
    const auto part = part_of(one);
    is_ours = is_ours && part.has_value();
    if (!part) return;
    if (index == 1)
      place.owner = *part;
    else
      place.path += (index == 2 ? "" : "/") + *part;
  });
  if (!is_ours || count < (ended ? 4U : 3U)) return std::nullopt;
  return place;
}

std::string commodity_name(std::string_view code, machines::AssetId id) {
  if (is_legal_commodity(code)) return std::string(code);
  const std::string end = "-X" + std::to_string(id.value);
  std::string legible;
  for (const char c : code)
    if (is_small(c) || is_capital(c) || is_digit(c)) legible += raised(c);
  if (legible.empty() || !is_capital(legible[0])) legible.insert(0, "C");
  return legible.substr(0, longest_commodity - end.size()) + end;
}

std::string plain(std::string_view text) {
  std::string made;
  for (const char c : text) {
    const bool stands = is_small(c) || is_capital(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '/';
    if (stands)
      made += c;
    else
      add_hex(made, '%', c);
  }
  return made;
}

}  // namespace ledger::exports
