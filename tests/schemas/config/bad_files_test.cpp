// tests/schemas/config/bad_files_test.cpp: every bad file is refused with the place, the field, and what to do.
#include <gmock/gmock.h>

#include "schemas/config/config.hpp"
#include "tests/support/folder.hpp"

namespace schemas::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(std::string_view text) {
  const auto config = parse(text, "f.toml");
  return config ? "accepted" : config.error().text();
}

struct Bad {
  const char* text;
  const char* message;
};

class BadFile : public testing::TestWithParam<Bad> {};

TEST_P(BadFile, IsRefusedWithPlaceAndAdvice) { EXPECT_EQ(refusal(GetParam().text), GetParam().message); }

const char* const known_in_vault =
    "f.toml:2:1: vault.colour is not known; known here: asset, total, tradeable, reserve, reserve_least_percent, "
    "reserve_most_percent, idle_to, idle_most_percent, reclaim_after_loss_percent";

INSTANTIATE_TEST_SUITE_P(
    All, BadFile,
    testing::Values(
        // unknown keys
        Bad{"[vault]\ntradable = 1\n", "f.toml:2:1: vault.tradable is not known; did you mean `tradeable`?"},
        Bad{"[vault]\ncolour = 1\n", known_in_vault},
        Bad{"[valt]\n", "f.toml:1:2: valt is not known; did you mean `vault`?"},
        Bad{"[broker]\nheartbeat = 5\n", "f.toml:2:1: broker.heartbeat is not known; did you mean `heartbeat_ms`?"},
        // retries
        Bad{"[[broker.retry]]\nfirst_ms = 5\n",
            "f.toml:1:1: broker.retry[0].class is \"\", which is no class of error; known here: retry_later, "
            "retry_resync, unknown_outcome, insufficient_funds, rejected, duplicate, not_found, fatal_auth, "
            "maintenance"},
        Bad{"[[broker.retry]]\nclass='rejected'\nlongest_ms=50\n",
            "f.toml:3:12: broker.retry[0].longest_ms is 50; it must be at least 100"},
        Bad{"[[broker.retry]]\nclass='rejected'\n[[broker.retry]]\nclass='rejected'\n",
            "f.toml:4:7: broker.retry[1].class is \"rejected\" a second time; one rule per class"},
        Bad{"[[broker.retry]]\nclass='rejected'\nthen='cry'\n",
            "f.toml:3:6: broker.retry[0].then is \"cry\"; write \"park\" or \"keep_trying\""},
        Bad{"[venue.papr]\n", "f.toml:1:8: venue.papr is not known; did you mean `paper`?"},
        Bad{"[[sleeves]]\nname='a'\nkind='quiet'\nallocation=1\nstrategy.trial_percent=1\n",
            "f.toml:5:10: sleeves[0].strategy.trial_percent is not known; did you mean `trail_percent`?"},
        Bad{"[[broker.limit]]\nname='a'\nrat='1/s'\n",
            "f.toml:3:1: broker.limit[0].rat is not known; did you mean `rate`?"},
        // rules of the broker
        Bad{"[[broker.limit]]\nname='a'\nrate='10 per s'\n",
            "f.toml:3:6: broker.limit[0].rate is \"10 per s\", which is no rate; write so many per s, min, h or day, "
            "for "
            "instance \"10/s\""},
        Bad{"[[broker.limit]]\nname='a'\n",
            "f.toml:1:1: broker.limit[0].rate is empty, and so is `max_in_flight`: this limits nothing; write one of "
            "them"},
        Bad{"[[broker.limit]]\nname='a'\nrate='1/s'\nper='key'\n",
            "f.toml:4:5: broker.limit[0].per is \"key\"; account, venue, owner or all is expected"},
        Bad{"[[broker.priority]]\nkind='order'\n",
            "f.toml:1:1: broker.priority[0].command is empty; name a command, for instance place_order"},
        Bad{"[[broker.weight]]\nowner='fund'\nweight=0\n",
            "f.toml:3:8: broker.weight[0].weight is 0; it must be at least 1"},
        // schedules
        Bad{"[[schedule]]\ndoes='review'\ncron='0 8 * * *'\n",
            "f.toml:1:1: schedule[0].name is \"\"; 1 to 64 letters, digits, - and _ are expected"},
        Bad{"[[schedule]]\nname='a'\ndoes='pray'\n",
            "f.toml:3:6: schedule[0].does is \"pray\"; known here: review, reconcile, test_keys, checkpoint"},
        Bad{"[[schedule]]\nname='a'\ndoes='review'\noverlap='both'\n",
            "f.toml:4:9: schedule[0].overlap is \"both\"; known here: skip, queue, allow"},
        Bad{"[[schedule]]\nname='a'\ndoes='review'\ncatch_up='most'\n",
            "f.toml:4:10: schedule[0].catch_up is \"most\"; known here: none, last, all"},
        Bad{"[[schedule]]\nname='a'\ndoes='review'\n[[schedule]]\nname='a'\ndoes='reconcile'\n",
            "f.toml:5:6: schedule[1].name is \"a\", as an earlier schedule's; give each its own name"},
        Bad{"[[schedule]]\nname='a'\ndoes='review'\ncrons='* * * * *'\n",
            "f.toml:4:1: schedule[0].crons is not known; did you mean `cron`?"},
        // bad types
        Bad{"vault = 3\n", "f.toml:1:9: vault is a whole number, which does not fit here; write it as [vault]"},
        Bad{"sleeves = 3\n",
            "f.toml:1:11: sleeves is a whole number, which does not fit here; write each as [[sleeves]]"},
        Bad{"sleeves = [3]\n",
            "f.toml:1:12: sleeves[0] is a whole number, which does not fit here; write it as [[sleeves]]"},
        Bad{"[vault]\nasset = 5\n",
            "f.toml:2:9: vault.asset is a whole number, which does not fit here; write a text in \"quotes\""},
        Bad{"[workers]\ncount = 2.0\n",
            "f.toml:2:9: workers.count is a number, which does not fit here; write a whole number"},
        Bad{"[vault]\ntotal = true\n",
            "f.toml:2:9: vault.total is true or false, which does not fit here; write a plain decimal, for instance "
            "10000 or \"0.0001\""},
        Bad{"[vault]\ntotal = 1e5\n",
            "f.toml:2:9: vault.total is 1e5, which is no plain decimal number; write a plain decimal, for instance "
            "10000 or \"0.0001\""},
        Bad{"[vault]\ntotal = 0x10\n",
            "f.toml:2:9: vault.total is 0x10, which is no plain decimal number; write a plain decimal, for instance "
            "10000 or \"0.0001\""},
        Bad{"[venue.paper]\nmaker_fee_percent = nan\n",
            "f.toml:2:21: venue.paper.maker_fee_percent is nan, which is no plain decimal number; write a percentage, "
            "for instance 1.25"},
        Bad{"[venue.paper]\nmaker_fee_percent = \"a lot\"\n",
            "f.toml:2:21: venue.paper.maker_fee_percent is a lot, which is no plain decimal number; write a "
            "percentage, "
            "for instance 1.25"},
        Bad{"[venue.paper]\nmaker_fee_percent = 0.00001\n",
            "f.toml:2:21: venue.paper.maker_fee_percent is 0.00001; it may have 4 decimals; write a percentage, for "
            "instance 1.25"},
        Bad{"[[sleeves]]\nname='a'\nkind='quit'\nallocation=1\n",
            "f.toml:3:6: sleeves[0].kind is \"quit\"; did you mean `quiet`?"},
        Bad{"[[sleeves]]\nkind='quiet'\nallocation=1\n",
            "f.toml:1:1: sleeves[0].name is missing; every sleeve has its own"},
        Bad{"[venue.paper]\nfaults = 'x'\n",
            "f.toml:2:10: venue.paper.faults is a string, which does not fit here; write [\"...\", \"...\"]"},
        // impossible values
        Bad{"[venue.paper]\ntaker_fee_percent = -1\n",
            "f.toml:2:21: venue.paper.taker_fee_percent is -1; it must be at least 0"},
        Bad{"[venue.paper]\ntaker_fee_percent = 20\n",
            "f.toml:2:21: venue.paper.taker_fee_percent is 20; it must be at most 10"},
        Bad{"[venue.paper]\nhalf_spread_percent = 30\nslippage_percent = 30\n",
            "f.toml:3:20: venue.paper.slippage_percent is 30 beside a half spread of 30; together they must be at most "
            "50"},
        Bad{"[vault]\nasset = \"usdt\"\n",
            "f.toml:2:9: vault.asset is \"usdt\"; it must be a code like USDT: 2 to 12 capitals and digits"},
        Bad{"[venue.paper]\nfee_asset = \"bnb\"\nfee_price = 500\n",
            "f.toml:2:13: venue.paper.fee_asset is \"bnb\"; it must be quote, received, or the code of a coin that is "
            "not the vault's asset"},
        Bad{"[venue.paper]\nids = \"among\"\n",
            "f.toml:2:7: venue.paper.ids is \"among\"; known here: for_ever, among_open"},
        Bad{"[venue.paper]\ndeadline = \"5s\"\n",
            "f.toml:2:12: venue.paper.deadline is \"5s\"; known here: none, enforced"},
        Bad{"[venue.paper]\ntombstones = \"yes\"\n",
            "f.toml:2:14: venue.paper.tombstones is a string, which does not fit here; write true or false"},
        Bad{"[venue.paper]\nrequest_life_ms = 499\n",
            "f.toml:2:19: venue.paper.request_life_ms is 499; it must be at least 500"},
        Bad{"[venue.paper]\nrequest_life_ms = 60_001\n",
            "f.toml:2:19: venue.paper.request_life_ms is 60001; it must be at most 60000"},
        Bad{"[venue.paper]\nsettle_ms = 0\n", "f.toml:2:13: venue.paper.settle_ms is 0; it must be at least 1"},
        Bad{"[venue.paper]\ndeadline = \"enforced\"\nrequest_life_ms = 0\n",
            "f.toml:3:19: venue.paper.request_life_ms is 0, and deadlines are enforced; write 500 to 60000: how long a "
            "request may be on its way"},
        Bad{"[venue.paper]\nids = \"among_open\"\ndeadline = \"enforced\"\n",
            "f.toml:1:1: venue.paper.tombstones is true, and ids are unique among open orders only: such an id can't "
            "be "
            "barred; write `tombstones = false`"},
        Bad{"[venue.paper]\nids = \"among_open\"\ntombstones = false\nrequest_life_ms = 0\n",
            "f.toml:2:7: venue.paper.ids is \"among_open\" without an enforced deadline and without a request life: a "
            "late request may make a second order at any time; write `deadline = \"enforced\"`, or a "
            "`request_life_ms`"},
        Bad{"[venue.paper]\nfee_asset = \"USDT\"\n",
            "f.toml:2:13: venue.paper.fee_asset is \"USDT\"; it must be quote, received, or the code of a coin that is "
            "not the vault's asset"},
        Bad{"[venue.paper]\nfee_asset = \"BNB\"\nfee_price = 0\n",
            "f.toml:3:13: venue.paper.fee_price is 0; it must be more"},
        Bad{"[venue.paper]\nfee_price = 500\n",
            "f.toml:2:13: venue.paper.fee_price is 500, and fees are not taken in a coin; name the coin in "
            "`fee_asset`, "
            "for instance \"BNB\""},
        Bad{"[venue.paper]\nlot = -1\n", "f.toml:2:7: venue.paper.lot is -1; it must not be negative"},
        Bad{"[venue.paper]\nlot = 0.000000001\n", "f.toml:2:7: venue.paper.lot is 0.000000001; at most 8 decimals fit"},
        Bad{"[vault]\ntotal = 10\n",
            "f.toml:1:1: vault.tradeable is 15000 and the vault's total is 10; it can't be more"},
        Bad{"[vault]\ntotal = -5\n", "f.toml:2:9: vault.total is -5; it must not be negative"},
        Bad{"[vault]\nasset = 'usdt'\n",
            "f.toml:2:9: vault.asset is \"usdt\"; it must be a code like USDT: 2 to 12 capitals and digits"},
        Bad{"[vault]\ntradeable = 12000\n",
            "f.toml: sleeves[1].allocation is 5000; with it the allocations are 15000, more than the vault's tradeable "
            "12000; lower an allocation or raise `vault.tradeable`"},
        Bad{"sleeves = []\n", "f.toml:1:11: sleeves is empty; at least one sleeve is needed"},
        Bad{"[[sleeves]]\nname='a'\nkind='quiet'\nallocation=1\n[[sleeves]]\nname='a'\nkind='flash'\nallocation=1\n",
            "f.toml:6:6: sleeves[1].name is \"a\", as an earlier sleeve's; give each its own name"},
        Bad{"[[sleeves]]\nname='a b'\nkind='quiet'\nallocation=1\n",
            "f.toml:2:6: sleeves[0].name is \"a b\"; 1 to 64 letters, digits, - and _ are expected"},
        Bad{"[[sleeves]]\nname='a'\nkind='quiet'\nallocation=0\n",
            "f.toml:4:12: sleeves[0].allocation is 0; it must be more"},
        Bad{"[[sleeves]]\nname='a'\nkind='quiet'\nallocation=1\nstrategy.trail_percent=-0.1\n",
            "f.toml:5:24: sleeves[0].strategy.trail_percent must be at least 0 and below 100 %"},
        Bad{"[workers]\ncount = 0\n", "f.toml:2:9: workers.count is 0; it must be at least 1"},
        Bad{"[broker]\nttl_ms = 1500\n",
            "f.toml:2:10: broker.ttl_ms is 1500; it must be at least twice `heartbeat_ms` (1000)"},
        Bad{"[cadence]\nprice_s = 0\n", "f.toml:2:11: cadence.price_s is 0 s; it must be between 0.1 and 86400"},
        Bad{"[reconcile]\nminutes = -1\n", "f.toml:2:11: reconcile.minutes is -1; it must be at least 0"},
        Bad{"[sample]\nbars = 2\n", "f.toml:2:8: sample.bars is 2; it must be at least 6"},
        Bad{"[audit]\ncheckpoint_minutes = -1\n", "f.toml:2:22: audit.checkpoint_minutes is -1; it must be at least 0"},
        Bad{"[logs]\nfile_mb = 0\n", "f.toml:2:11: logs.file_mb is 0; it must be at least 1"},
        Bad{"[keys]\ntest_minutes = -1\n", "f.toml:2:16: keys.test_minutes is -1; it must be at least 0"},
        Bad{"[keys]\nmaster_key_file = \"master.key\"\n",
            "f.toml:2:19: keys.master_key_file is \"master.key\"; it must be a whole path, from /"},
        Bad{"[venue.paper]\nfaults = ['place:0:reject']\n",
            "f.toml:2:11: venue.paper.faults[0] is \"place:0:reject\", which is no fault; write place, query or "
            "cancel, "
            "then : and a number or `first`, then : and time_out, reject, lose_answer, crash_before or crash_after"}));

TEST(BadFiles, SyntaxErrorsNameTheirPlace) {
  EXPECT_THAT(refusal("[vault\n"), StartsWith("f.toml:1:7: is no TOML:"));
  EXPECT_THAT(refusal("[vault]\ntotal = 1\ntotal = 2\n"), StartsWith("f.toml:3:"));
  EXPECT_THAT(refusal("\xFF\xFE"), HasSubstr("is no TOML"));
  EXPECT_EQ(refusal(std::string_view("a\0b", 3)), "f.toml holds bytes that are no text; give a TOML file");
}

TEST(BadFiles, EveryProblemIsToldInTheFilesOrder) {
  EXPECT_EQ(refusal("[workers]\ncuont = 1\n[vault]\nasset = 1\n"),
            "f.toml:2:1: workers.cuont is not known; did you mean `count`?\n"
            "f.toml:4:9: vault.asset is a whole number, which does not fit here; write a text in \"quotes\"");
}

TEST(BadFiles, FilesThatAreNoneAreNamed) {
  const tests::TempFolder folder;
  const auto missing = load(folder.path() / "none.toml");
  ASSERT_FALSE(missing.has_value());
  EXPECT_THAT(missing.error().text(), HasSubstr("none.toml is not there; check --config"));
  const auto directory = load(folder.path());
  ASSERT_FALSE(directory.has_value());
  EXPECT_THAT(directory.error().text(), HasSubstr("is not a file"));
  tests::write_text(folder.path() / "good.toml", example_text());
  EXPECT_TRUE(load(folder.path() / "good.toml").has_value());
  tests::write_text(folder.path() / "large.toml", std::string(1'000'001, '#'));
  EXPECT_FALSE(load(folder.path() / "large.toml").has_value());
}

}  // namespace
}  // namespace schemas::config
