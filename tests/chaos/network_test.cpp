// tests/chaos/network_test.cpp: the ground that chaos stands on does what it says: hosts reach each other, a pulled
// cable and a lossy one are felt, a relay holds bytes back and loses none.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "tests/chaos/relay.hpp"
#include "tests/support/child.hpp"

namespace tests::chaos {
namespace {

using std::chrono::steady_clock;

sockaddr_in address_of(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  EXPECT_EQ(inet_pton(AF_INET, host.c_str(), &address.sin_addr), 1);
  return address;
}

// A datagram socket on a host, and a listening one.
int bound(const Network& network, const std::string& host, int type, int port) {
  int made = -1;
  network.on(host, [&] {
    made = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    const auto address = address_of(network.address(host), port);
    EXPECT_EQ(bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    if (type == SOCK_STREAM) {
      EXPECT_EQ(listen(made, 8), 0);
    }
  });
  return made;
}

bool arrives(int socket, int within_ms) {
  pollfd one{socket, POLLIN, 0};
  return poll(&one, 1, within_ms) == 1;
}

class ChaosNetwork : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = no_network_because(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(ChaosNetwork, ACableThatIsPulledCarriesNothingAndOneThatIsPluggedInAgainDoes) {
  Network network({"a", "b"});
  const int a = bound(network, "a", SOCK_DGRAM, 4000), b = bound(network, "b", SOCK_DGRAM, 4000);
  const auto to_b = address_of(network.address("b"), 4000);
  const auto call = [&] { sendto(a, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to_b), sizeof to_b); };
  const auto hears = [&](int within_ms) {
    call();
    char byte = 0;
    return arrives(b, within_ms) && recv(b, &byte, 1, 0) == 1;
  };
  EXPECT_TRUE(wait_until([&] { return hears(50); }, std::chrono::seconds(5)));
  network.pull("b");
  EXPECT_FALSE(hears(200));
  network.plug("b");
  EXPECT_TRUE(wait_until([&] { return hears(50); }, std::chrono::seconds(5)));
  close(a);
  close(b);
}

TEST_F(ChaosNetwork, ALossyHostLosesItsShareOfPacketsAndAfterwardsNone) {
  Network network({"a", "b"});
  const int a = bound(network, "a", SOCK_DGRAM, 4000), b = bound(network, "b", SOCK_DGRAM, 4000);
  const auto to_b = address_of(network.address("b"), 4000);
  constexpr int calls = 400;
  const auto heard = [&] {
    int count = 0;
    char byte = 0;
    for (int i = 0; i < calls; ++i) {
      sendto(a, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to_b), sizeof to_b);
      if (arrives(b, i == 0 ? 1'000 : 5)) count += recv(b, &byte, 1, 0) == 1;
    }
    return count;
  };
  ASSERT_TRUE(wait_until([&] { return heard() == calls; }, std::chrono::seconds(20)));
  network.lose("b", 30);
  const int under_loss = heard();
  EXPECT_GT(under_loss, calls / 2);
  EXPECT_LT(under_loss, calls * 9 / 10);
  EXPECT_GE(network.lost("b"), calls - under_loss);
  network.lose("b", 0);
  EXPECT_EQ(heard(), calls);
  close(a);
  close(b);
}

TEST_F(ChaosNetwork, TheRelayHoldsBytesBackAndLosesNone) {
  Network network({"a", "b", "middle"});
  const int listening = bound(network, "b", SOCK_STREAM, 4000);
  Relay relay(network, "middle", {{5000, network.address("b"), 4000}});
  int out = -1;
  network.on("a", [&] {
    out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = address_of(network.address("middle"), 5000);
    ASSERT_EQ(connect(out, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  });
  ASSERT_TRUE(arrives(listening, 5'000));
  const int in = accept(listening, nullptr, nullptr);
  const auto read_for = [&](std::size_t size) {
    std::string got(size, ' ');
    std::size_t have = 0;
    while (have < size && arrives(in, 5'000)) {
      const ssize_t more = recv(in, got.data() + have, size - have, 0);
      if (more <= 0) break;
      have += static_cast<std::size_t>(more);
    }
    return got.substr(0, have);
  };
  relay.delay(300);
  ASSERT_EQ(send(out, "late", 4, 0), 4);
  EXPECT_FALSE(arrives(in, 100));
  EXPECT_EQ(read_for(4), "late");
  relay.delay(0);
  relay.stall(true);
  usleep(50'000);  // a look of the relay that was under way has ended
  std::string many(200'000, ' ');
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<char>('a' + i * 7 % 26);
  ASSERT_EQ(send(out, many.data(), many.size(), 0), static_cast<ssize_t>(many.size()));
  EXPECT_FALSE(arrives(in, 300));
  relay.stall(false);
  EXPECT_TRUE(read_for(many.size()) == many);
  const auto all = static_cast<std::int64_t>(many.size()) + 4;
  EXPECT_TRUE(wait_until([&] { return relay.carried() == all; }, std::chrono::seconds(5))) << relay.carried();
  for (const int one : {listening, out, in}) close(one);
}

}  // namespace
}  // namespace tests::chaos
