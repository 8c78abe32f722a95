// tests/deploy/report/labels_test.cpp: one name, one quantity: every label of the table, the page, the JSON and the CSV
// of a replay, of the books and of a vault is a word of the README's glossary.
#include <gmock/gmock.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "deploy/report/books.hpp"
#include "deploy/report/vault_page.hpp"
#include "tests/deploy/report/sample.hpp"

namespace tests {
namespace {

using Labels = std::set<std::string>;

// Alike in all of them: "held_at_cost", "Held at cost", "held at cost, USDT".
std::string plain(std::string label) {
  label = label.substr(0, label.find(','));
  for (char& c : label) c = c == '_' ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  while (!label.empty() && label.back() == ' ') label.pop_back();
  return label;
}

Labels glossary() {
  std::ifstream file(std::string(BURSAR_SOURCE_DIR) + "/README.md");
  Labels words;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) inside = line == "## What the figures are";
    if (!inside || !line.starts_with("| ")) continue;
    const std::string cell = line.substr(2, line.find(" |", 2) - 2);
    const std::regex quoted("`([^`]+)`");
    for (std::sregex_iterator at(cell.begin(), cell.end(), quoted); at != std::sregex_iterator(); ++at)
      words.insert(plain((*at)[1]));
  }
  return words;
}

void add_keys(const nlohmann::ordered_json& json, Labels& to) {
  if (json.is_array())
    for (const auto& one : json) add_keys(one, to);
  if (!json.is_object()) return;
  for (const auto& [key, value] : json.items()) {
    to.insert(plain(key));
    if (key != "fees_paid" && key != "fees") add_keys(value, to);  // those are named by their assets
  }
}

// The words of a head line, which two blanks or more part.
void add_columns(const std::string& text, const std::string& any, Labels& to) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(any) == std::string::npos) continue;
    const std::regex word("[^ ]+( [^ ]+)*");
    for (std::sregex_iterator at(line.begin(), line.end(), word); at != std::sregex_iterator(); ++at)
      to.insert(plain(at->str()));
    return;
  }
  ADD_FAILURE() << "no line has " << any;
}

// In two lines of prose, each before its number: "vault    total 1.00 USDT: cash 1.00, held at cost".
void add_named_amounts(const std::string& text, const std::string& begins, Labels& to) {
  const auto from = text.find(begins);
  ASSERT_NE(from, std::string::npos) << begins;
  const std::string line = text.substr(from + begins.size(), text.find('\n', text.find('\n', from) + 1) - from);
  const std::regex named("([a-z][a-z ]*[a-z]) -?[0-9][0-9,.]*");
  for (std::sregex_iterator at(line.begin(), line.end(), named); at != std::sregex_iterator(); ++at)
    to.insert(plain((*at)[1]));
}

// What a line of prose names before its first number: "quiet: draw +1.00; at the mean fill ...".
void add_first_amounts(const std::string& text, const std::string& begins, Labels& to) {
  const std::regex named(begins + ": ([a-z ]+) [+-]?[0-9]");
  std::istringstream lines(text);
  std::size_t found = 0;
  for (std::string line; std::getline(lines, line);)
    if (std::smatch at; std::regex_search(line, at, named, std::regex_constants::match_continuous)) {
      to.insert(plain(at[1]));
      ++found;
    }
  EXPECT_GE(found, 2U) << begins;
}

// The tree of a vault: "├─ Tradeable Coins     15,000"; its coins are what it is about.
void add_tree(const std::string& text, Labels& to) {
  const std::regex label("([A-Za-z][A-Za-z ]*[a-z])  +[0-9]");
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (std::smatch at; std::regex_search(line, at, label)) {
      const std::string name = plain(at[1]);
      to.insert(name.ends_with(" coins") ? name.substr(0, name.size() - 6) : name);
    }
}

void add_matches(const std::string& page, const char* pattern, Labels& to) {
  const std::regex one(pattern);
  for (std::sregex_iterator at(page.begin(), page.end(), one); at != std::sregex_iterator(); ++at)
    to.insert(plain((*at)[1]));
}

// Without the scripts.
std::string body_of(const std::string& page) {
  return page.substr(page.find("<body"), page.find("<script") - page.find("<body"));
}

deploy::report::Books small_books() {
  using namespace ledger::books;
  DailyBooks statement;
  const machines::Asset usdt_asset{machines::AssetId{2}, "USDT", 8};
  statement.assets.emplace(usdt_asset.id, usdt_asset);
  SleeveBooks sleeve;
  sleeve.sleeve.name = "flash";
  sleeve.sleeve.owner_name = "me";
  sleeve.sleeve.kind = machines::SleeveKind::flash;
  sleeve.sleeve.quote = usdt_asset;
  sleeve.sleeve.base = {machines::AssetId{1}, "ETH", 18};
  SleeveDay day;
  day.day = 19'723;
  day.paid[usdt_asset.id] = 1;
  sleeve.days = {day};
  statement.sleeves = {sleeve};
  VaultBooks vault;
  vault.vault.asset = usdt_asset;
  vault.vault.name = "USDT";
  vault.vault.owner_name = "me";
  vault.days.resize(1);
  vault.days[0].day = day.day;
  statement.vaults = {vault};
  statement.breaks = {{day.day, "me", "flash", "something"}};
  return deploy::report::books_of(std::move(statement), day.day, day.day);
}

ledger::books::VaultView small_vault() {
  ledger::books::VaultView vault;
  vault.asset = {machines::AssetId{2}, "USDT", 8};
  vault.on_wallet = machines::Amount{};
  ledger::books::SleeveView sleeve;
  sleeve.base = {machines::AssetId{1}, "ETH", 18};
  vault.sleeves = {sleeve};
  return vault;
}

Labels every_label() {
  using namespace deploy::report;
  Labels found;
  ReportData run = small_run();
  run.sleeves[0].moved = {{hour(1), usdt(5)}};
  const Books books = small_books();
  add_keys(summary(run), found);
  add_keys(books_json(books), found);
  add_keys(deploy::report::vaults_json({small_vault()}), found);
  std::istringstream csv(books_csv(books));
  for (std::string name; std::getline(csv, name, ',');) {
    found.insert(plain(name.substr(0, name.find('\n'))));
    if (name.find('\n') != std::string::npos) break;
  }
  add_columns(table(run), "worst fall", found);
  add_columns(books_table(books), "unrealised", found);
  add_columns(deploy::report::vaults_table({small_vault()}), "tradeable", found);
  add_named_amounts(table(run), "vault  ", found);
  add_first_amounts(table(run), "quiet", found);
  add_tree(deploy::report::vault_diagram(small_vault()), found);
  add_named_amounts(books_table(books), "vault USDT of me, in USDT:", found);
  for (const std::string& page : {body_of(html(run)), body_of(books_html(books))}) {
    add_matches(page, "<th[^>]*>([^<]+)</th>", found);
    add_matches(page, "</b><span>([^<]+)</span>", found);
  }
  const std::string page = body_of(html(run));
  add_matches(page.substr(page.find("Vault and ledger"), page.find("Parameters") - page.find("Vault and ledger")),
              "<tr><td>([^<]+)</td>", found);
  return found;
}

TEST(Labels, EachIsAWordOfTheGlossary) {
  const Labels words = glossary();
  EXPECT_GT(words.size(), 20U);
  const Labels found = every_label();
  EXPECT_GT(found.size(), 60U);
  for (const std::string& label : found)
    EXPECT_TRUE(words.contains(label)) << "`" << label << "` is no word of README.md, What the figures are";
}

TEST(Labels, TheGlossaryHasNoWordThatIsNowhere) {
  const Labels found = every_label();
  for (const std::string& word : glossary()) EXPECT_TRUE(found.contains(word)) << word;
}

}  // namespace
}  // namespace tests
