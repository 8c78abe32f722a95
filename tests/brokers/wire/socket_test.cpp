// Real sockets on a Unix path and on loopback: who may speak, and what happens to the rest.
#include "brokers/wire/socket.hpp"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <set>

#include "brokers/wire/zap.hpp"
#include "tests/support/child.hpp"
#include "tests/support/folder.hpp"

namespace brokers::wire {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using tests::wait_until;

// A connection without ZeroMQ: whatever bytes it likes.
class RawPeer {
 public:
  explicit RawPeer(const std::string& endpoint) {
    const bool is_ipc = endpoint.rfind("ipc://", 0) == 0;
    socket_ = ::socket(is_ipc ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    sockaddr_in port{};
    port.sin_family = AF_INET;
    port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (is_ipc)
      endpoint.substr(6).copy(path.sun_path, sizeof path.sun_path - 1);
    else
      port.sin_port = htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    const int connected = is_ipc ? ::connect(socket_, reinterpret_cast<const sockaddr*>(&path), sizeof path)
                                 : ::connect(socket_, reinterpret_cast<const sockaddr*>(&port), sizeof port);
    EXPECT_EQ(connected, 0);
  }
  ~RawPeer() { ::close(socket_); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  void say(const std::string& bytes) { (void)::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT); }
  // Reads until the other side has closed the connection; false when it does not (30 s).
  bool is_hung_up_on() {
    return wait_until(
        [&] {
          char bytes[256];
          const auto size = ::recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
          return size == 0 || (size < 0 && errno != EAGAIN);
        },
        std::chrono::seconds(30));
  }

 private:
  int socket_ = -1;
};

// A server that knows one worker and one client, on the transport of the parameter.
class Wire : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string wanted =
        std::string(GetParam()) == "ipc" ? "ipc://" + (folder_.path() / "s").string() : "tcp://127.0.0.1:*";
    const auto bound = router_.bind(wanted);
    ASSERT_TRUE(bound) << bound.error().text;
    endpoint_ = router_.endpoint();
    poller_.add(router_);
  }

  DealerSocket dealer(const CurveKeys& keys) { return {context_, endpoint_, keys, server_.public_key}; }
  // Sends until it is taken over; false when it never is (30 s).
  static bool say(DealerSocket& socket, const std::string& bytes) {
    return wait_until([&] { return socket.send(bytes) == SendResult::sent; }, std::chrono::seconds(30));
  }
  std::optional<Received> hear() {
    std::optional<Received> received;
    (void)wait_until(
        [&] {
          poller_.wait(milliseconds(20));
          return (received = router_.receive()).has_value();
        },
        std::chrono::seconds(30));
    return received;
  }
  static std::optional<std::string> answer(DealerSocket& socket) {
    Poller poller;
    poller.add(socket);
    std::optional<std::string> bytes;
    (void)wait_until(
        [&] {
          poller.wait(milliseconds(20));
          return (bytes = socket.receive()).has_value();
        },
        std::chrono::seconds(30));
    return bytes;
  }
  // A good peer's word arrives, and nothing else has come before it.
  void expect_only_the_good_are_heard() {
    DealerSocket good = dealer(worker_);
    ASSERT_TRUE(say(good, "the good one"));
    const auto received = hear();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->bytes, "the good one");
    EXPECT_FALSE(router_.receive());
  }

  tests::TempFolder folder_;
  CurveKeys server_ = make_keys(), worker_ = make_keys(), client_ = make_keys();
  Context context_;
  ZapServer zap_{context_,
                 {{worker_.public_key, {Role::worker, "worker-1"}}, {client_.public_key, {Role::client, "feed"}}}};
  RouterSocket router_{context_, server_};
  Poller poller_;
  std::string endpoint_;
};

INSTANTIATE_TEST_SUITE_P(Over, Wire, testing::Values("ipc", "tcp"), [](const auto& one) { return one.param; });

TEST_P(Wire, AKnownKeyPassesInItsRoleAndIsAnswered) {
  DealerSocket worker = dealer(worker_), client = dealer(client_);
  ASSERT_TRUE(say(worker, "from the worker"));
  const auto first = hear();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->bytes, "from the worker");
  EXPECT_EQ(first->user_id, "worker:worker-1");
  ASSERT_TRUE(say(client, "from the client"));
  const auto second = hear();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->user_id, "client:feed");
  EXPECT_NE(second->peer, first->peer);
  EXPECT_EQ(router_.send(first->peer, "for the worker"), SendResult::sent);
  EXPECT_EQ(router_.send(second->peer, "for the client"), SendResult::sent);
  EXPECT_EQ(answer(worker), "for the worker");
  EXPECT_EQ(answer(client), "for the client");
  EXPECT_EQ(zap_.refused(), 0);
}

// The trap of 4.3.4: after a poll the routing-id frame has no User-Id. Many messages, many polls.
TEST_P(Wire, EveryMessageCarriesItsRole) {
  DealerSocket worker = dealer(worker_);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(say(worker, std::to_string(i)));
  for (int i = 0; i < 200; ++i) {
    const auto received = hear();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->bytes, std::to_string(i));
    EXPECT_EQ(received->user_id, "worker:worker-1") << i;
  }
}

TEST_P(Wire, AnUnknownKeyIsRefusedAndCounted) {
  DealerSocket stranger = dealer(make_keys());
  EXPECT_TRUE(wait_until([&] { return zap_.refused() > 0; }));
  EXPECT_NE(stranger.send("let me in"), SendResult::sent);
  expect_only_the_good_are_heard();
}

TEST_P(Wire, TheStartUpProofFindsTheDoorLocked) {
  const auto proved = prove_refusal(context_, zap_, endpoint_, server_.public_key);
  EXPECT_TRUE(proved) << proved.error().text;
}

// The secret key of one pair with the public key of another.
TEST_P(Wire, AStolenPublicKeyAloneDoesNotPass) {
  DealerSocket thief = dealer({worker_.public_key, make_keys().secret_key});
  expect_only_the_good_are_heard();
  EXPECT_NE(thief.send("it is me, the worker"), SendResult::sent);
}

TEST_P(Wire, APeerWithoutCurveIsRefused) {
  // ZMTP 3.0, mechanism NULL: greeting, READY of a DEALER, one message.
  std::string words("\xff\0\0\0\0\0\0\0\x01\x7f\x03\0NULL", 16);
  words.resize(64, '\0');
  words += std::string(
      "\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06"
      "DEALER",
      30);
  words += std::string("\0\x07no mask", 9);
  RawPeer plain(endpoint_);
  plain.say(words);
  EXPECT_TRUE(plain.is_hung_up_on());
  EXPECT_TRUE(wait_until([&] { return router_.plain_peers() == 1; })) << "and counted";
  EXPECT_EQ(zap_.refused(), 0) << "it never came to a key";
  expect_only_the_good_are_heard();
}

TEST_P(Wire, AServerWithAnotherKeyIsNotSpokenTo) {
  DealerSocket worker(context_, endpoint_, worker_, make_keys().public_key);
  expect_only_the_good_are_heard();
  EXPECT_NE(worker.send("my orders to the wrong broker"), SendResult::sent);
}

TEST_P(Wire, AMessageThatIsTooBigIsNotTakenAndTheServerLivesOn) {
  DealerSocket worker = dealer(worker_);
  ASSERT_TRUE(say(worker, "hello"));
  ASSERT_TRUE(hear());
  ASSERT_TRUE(say(worker, std::string(most_request_bytes + 1, 'x')));
  expect_only_the_good_are_heard();
}

TEST_P(Wire, AMessageOfTheFullSizePasses) {
  DealerSocket worker = dealer(worker_);
  ASSERT_TRUE(say(worker, std::string(most_request_bytes - 1024, 'x')));
  const auto received = hear();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->bytes.size(), static_cast<std::size_t>(most_request_bytes - 1024));
}

TEST_P(Wire, AnAnswerToAPeerThatLeftSaysGone) {
  std::string peer;
  {
    DealerSocket worker = dealer(worker_);
    ASSERT_TRUE(say(worker, "hello"));
    const auto received = hear();
    ASSERT_TRUE(received);
    peer = received->peer;
    EXPECT_EQ(router_.send(peer, "welcome"), SendResult::sent);
  }
  EXPECT_TRUE(wait_until([&] {
    (void)router_.receive();  // the library tidies up when it is called
    return router_.send(peer, "are you there?") == SendResult::gone;
  }));
  EXPECT_EQ(router_.send("nobody", "hello?"), SendResult::gone);
}

TEST_P(Wire, AFreshSocketIsAFreshPeer) {
  std::set<std::string> peers;
  for (int i = 0; i < 5; ++i) {
    DealerSocket worker = dealer(worker_);
    ASSERT_TRUE(say(worker, "hello"));
    const auto received = hear();
    ASSERT_TRUE(received);
    peers.insert(received->peer);
  }
  EXPECT_EQ(peers.size(), 5U);
}

TEST_P(Wire, WithoutAServerNothingIsQueued) {
  const CurveKeys keys = make_keys();
  DealerSocket lonely(context_, "ipc://" + (folder_.path() / "nobody").string(), keys, server_.public_key);
  EXPECT_EQ(lonely.send("hello?"), SendResult::would_block);
  EXPECT_FALSE(lonely.receive());
}

// Bytes that are not even ZeroMQ's greeting.
TEST(WireIpc, RubbishOnTheSocketHurtsNobody) {
  tests::TempFolder folder;
  const std::string path = folder.path() / "s";
  const CurveKeys server = make_keys(), worker = make_keys();
  Context context;
  ZapServer zap(context, {{worker.public_key, {Role::worker, "worker-1"}}});
  RouterSocket router(context, server);
  ASSERT_TRUE(router.bind("ipc://" + path));
  RawPeer raw("ipc://" + path);
  raw.say(std::string(70'000, '\x7f'));
  DealerSocket good(context, "ipc://" + path, worker, server.public_key);
  EXPECT_TRUE(wait_until([&] { return good.send("hello") == SendResult::sent; }));
  std::optional<Received> received;
  EXPECT_TRUE(wait_until([&] { return (received = router.receive()).has_value(); }));
  EXPECT_EQ(received->bytes, "hello");
}

TEST(WireIpc, WhatCannotBeAnEndpointOrAKeyIsAValueAndNoException) {
  tests::TempFolder folder;
  Context context;
  const CurveKeys keys = make_keys();
  ZapServer zap(context, {});
  RouterSocket router(context, keys);
  EXPECT_FALSE(router.bind("carrier-pigeon://roof"));
  EXPECT_FALSE(router.bind("ipc://" + (folder.path() / "no" / "such" / "folder").string()));
  EXPECT_FALSE(router.bind("ipc://" + std::string(108, 'x')));
  RouterSocket keyless(context, {std::string(40, '\x01'), "short"});
  const auto bound = keyless.bind("ipc://" + (folder.path() / "s").string());
  ASSERT_FALSE(bound);
  EXPECT_THAT(bound.error().text, HasSubstr("keys"));
  DealerSocket odd(context, "carrier-pigeon://roof", keys, keys.public_key);
  EXPECT_THAT(odd.problem(), HasSubstr("carrier-pigeon"));
  EXPECT_NE(odd.send("hello"), SendResult::sent);
  DealerSocket unkeyed(context, "ipc://" + (folder.path() / "s").string(), keys, "no key");
  EXPECT_NE(unkeyed.problem(), "");
  DealerSocket sound(context, "ipc://" + (folder.path() / "s").string(), keys, keys.public_key);
  EXPECT_EQ(sound.problem(), "");
}

TEST(WireIpc, AnEndpointInUseIsRefused) {
  Context context;
  const CurveKeys keys = make_keys();
  ZapServer zap(context, {});
  RouterSocket first(context, keys), second(context, keys);
  ASSERT_TRUE(first.bind("tcp://127.0.0.1:*"));
  const auto bound = second.bind(first.endpoint());
  ASSERT_FALSE(bound);
  EXPECT_THAT(bound.error().text, HasSubstr(first.endpoint()));
}

// The trap that the proof is for: a CURVE server without a ZAP handler would let any key in, were the domain not
// enforced. It must at least never prove itself.
TEST(WireIpc, WithoutItsZapHandlerTheServerCannotProveItself) {
  tests::TempFolder folder;
  const std::string endpoint = "ipc://" + (folder.path() / "s").string();
  Context context, elsewhere;
  const CurveKeys keys = make_keys();
  ZapServer zap_of_another_context(elsewhere, {});
  RouterSocket router(context, keys);
  ASSERT_TRUE(router.bind(endpoint));
  const auto proved = prove_refusal(context, zap_of_another_context, endpoint, keys.public_key);
  ASSERT_FALSE(proved);
  EXPECT_THAT(proved.error().text, HasSubstr("refusing to serve"));
  EXPECT_FALSE(router.receive());
}

}  // namespace
}  // namespace brokers::wire
