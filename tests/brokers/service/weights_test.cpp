// Owners' weights by name on a real PostgreSQL: who is opened later gets his all the same.
#include "brokers/service/weights.hpp"

#include "tests/brokers/service/party.hpp"

namespace brokers::service {
namespace {

using namespace tests;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::int64_t ten_seconds = 10'000'000;

class WeightsTest : public testing::Test {
 protected:
  void SetUp() override {
    NEEDS_POSTGRES();
    database_ = fresh_database();
    open(1, "early");
    connection_ = std::make_unique<ledger::Connection>(dsn(database_, "bursar_service"));
    jobs_ = std::make_unique<ledger::jobs::Jobs>(*connection_);
  }
  void TearDown() override {
    connection_.reset();
    if (!database_.empty()) drop_database(database_);
  }
  void open(int id, const std::string& name) {
    must_run(database_,
             "INSERT INTO ledger.owner (id, name, shard) VALUES (" + std::to_string(id) + ", '" + name + "', 0)");
  }

  std::string database_;
  std::unique_ptr<ledger::Connection> connection_;
  std::unique_ptr<ledger::jobs::Jobs> jobs_;
  std::int64_t now_ = 1;
};

TEST_F(WeightsTest, AnOwnerThatIsOpenedLaterGetsItsWeightWithinTenSeconds) {
  Weights weights(*jobs_, {{"early", 3}, {"late", 5}});
  EXPECT_THAT(weights.news(now_), ElementsAre(Pair(machines::OwnerId{1}, 3)));
  open(2, "late");
  EXPECT_THAT(weights.news(now_ + ten_seconds - 1), IsEmpty()) << "it does not ask all the time";
  EXPECT_THAT(weights.news(now_ + ten_seconds), ElementsAre(Pair(machines::OwnerId{2}, 5)));
  EXPECT_THAT(weights.news(now_ + 2 * ten_seconds), IsEmpty()) << "nothing changed";
}

TEST_F(WeightsTest, AQuestionThatFailedIsAskedAgain) {
  Weights weights(*jobs_, {{"early", 3}});
  must_run(database_, "ALTER TABLE ledger.owner RENAME TO away");
  EXPECT_THAT(weights.news(now_), IsEmpty());
  must_run(database_, "ALTER TABLE ledger.away RENAME TO owner");
  EXPECT_THAT(weights.news(now_ + ten_seconds), ElementsAre(Pair(machines::OwnerId{1}, 3)));
}

TEST_F(WeightsTest, AFreshDispatchIsToldAllOfThemAnew) {
  Weights weights(*jobs_, {{"early", 3}});
  EXPECT_THAT(weights.news(now_), ElementsAre(Pair(machines::OwnerId{1}, 3)));
  weights.forget();
  EXPECT_THAT(weights.news(now_ + 1), ElementsAre(Pair(machines::OwnerId{1}, 3)));
}

}  // namespace
}  // namespace brokers::service
