// tests/bench/hub.cpp: the broker without its database, beside the bare limit. `broker` is the production dispatch and
// router fed with jobs from memory, `echo` a worker that says done at once. `proxy` is libzmq's own zmq_proxy, `reply`
// and `request` its two ends. Both sides: CURVE, the same message size, the same number of messages under way.
#include <fmt/format.h>
#include <zmq.h>

#include <sys/prctl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>

#include "brokers/dispatch/dispatch.hpp"
#include "brokers/wire/zap.hpp"

namespace {

namespace wire = brokers::wire;

std::atomic<bool> stop = false;

constexpr int shards = 8;
constexpr int window = 512;  // messages under way: two workers' credit

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// What happened per second between the end of the warm-up and the end.
class Meter {
 public:
  Meter(std::int64_t warm_up_s, std::int64_t seconds) : from_(warm_up_s * 1'000'000), seconds_(seconds) {}
  void count(std::int64_t n) {
    const std::int64_t now = now_us();
    if (first_us_ == 0) first_us_ = now;
    if (now - first_us_ >= from_) counted_ += n;
  }
  [[nodiscard]] bool is_over() const { return first_us_ != 0 && now_us() - first_us_ >= from_ + seconds_ * 1'000'000; }
  void print() const { std::cout << counted_ / seconds_ << std::endl; }

 private:
  std::int64_t from_, seconds_, first_us_ = 0, counted_ = 0;
};

// ---- ours

// Every claim finds jobs: each of an instance that nobody has seen yet.
class Source {
 public:
  std::vector<machines::LeasedJob> claim(int limit) {
    std::vector<machines::LeasedJob> jobs;
    for (int n = 0; n < limit * shards; ++n) {
      machines::LeasedJob job;
      ++last_;
      job.shard = static_cast<int>(last_ % shards);
      job.key = {{1 + job.shard}, {last_}, 1, 0};
      job.kind = "drill";
      job.command = "turn";
      job.attempt = 1;
      for (std::size_t at = 0; at < 8; ++at)
        job.token.bytes[at] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(last_) >> (8 * at));
      job.token.bytes[15] = 1;
      jobs.push_back(std::move(job));
    }
    return jobs;
  }

 private:
  std::int64_t last_ = 0;
};

wire::CurveKeys keys_of(const std::string& folder, const std::string& name) {
  return wire::read_keys(folder + "/" + name).value();
}

int broker(const std::string& folder, const std::string& endpoint, int message_jobs, Meter meter) {
  wire::Context context;
  wire::ZapServer zap(context, {{wire::read_public_key(folder + "/worker.pub").value(), {wire::Role::worker, "w"}}});
  wire::RouterSocket socket(context, keys_of(folder, "broker"));
  if (const auto bound = socket.bind(endpoint); !bound) return std::cerr << bound.error().text << '\n', 1;
  wire::Poller poller;
  poller.add(socket);
  brokers::dispatch::Rules rules;
  rules.message_jobs = message_jobs;
  if (message_jobs == 1) rules.few_jobs = 1;
  brokers::dispatch::Dispatch dispatch(rules, "bench", 1);
  Source source;
  while (!stop && !meter.is_over()) {
    const auto idle_us = std::clamp<std::int64_t>(dispatch.next_tick_us(now_us()) - now_us(), 0, 10'000);
    poller.wait(std::chrono::milliseconds((idle_us + 999) / 1000));
    for (int n = 0; n < 256; ++n) {
      const auto received = socket.receive();
      if (!received) break;
      const auto message = schemas::decode(received->bytes);
      if (!message) continue;
      if (const auto* ready = std::get_if<schemas::Ready>(&*message)) dispatch.ready(received->peer, *ready, now_us());
      if (std::holds_alternative<schemas::Heartbeat>(*message)) dispatch.heard(received->peer, now_us());
      const auto* done = std::get_if<schemas::Done>(&*message);
      if (done == nullptr) continue;
      dispatch.done(received->peer, *done, now_us());
      meter.count(static_cast<std::int64_t>(done->jobs.size()));
    }
    dispatch.tick(now_us());
    for (auto actions = dispatch.take_actions(); !actions.empty(); actions = dispatch.take_actions())
      for (const auto& action : actions) {
        if (const auto* send = std::get_if<brokers::dispatch::Send>(&action))
          socket.send(send->peer, schemas::encode(send->message));
        if (const auto* claim = std::get_if<brokers::dispatch::ClaimNow>(&action))
          dispatch.claimed(source.claim(std::min(claim->limit, 64)), now_us());
      }
  }
  meter.print();
  return 0;
}

int echo(const std::string& folder, const std::string& endpoint, const std::string& name) {
  wire::Context context;
  wire::DealerSocket socket(context, endpoint, keys_of(folder, "worker"),
                            wire::read_public_key(folder + "/broker.pub").value());
  wire::Poller poller;
  poller.add(socket);
  schemas::Ready ready;
  ready.worker = name;
  ready.capabilities = {{"drill", 1, {}}};
  ready.pure_credit = window / 2;
  std::int64_t said_us = 0;
  bool is_known = false;
  while (!stop) {
    if (now_us() - said_us > 500'000) {
      said_us = now_us();
      socket.send(is_known ? schemas::encode(schemas::Heartbeat{}) : schemas::encode(ready));
    }
    poller.wait(std::chrono::milliseconds(50));
    while (const auto bytes = socket.receive()) {
      is_known = true;
      const auto message = schemas::decode(*bytes);
      const auto* assign = message ? std::get_if<schemas::Assign>(&*message) : nullptr;
      if (assign == nullptr) continue;
      schemas::Done done;
      for (const auto& job : assign->jobs) done.jobs.push_back({job.token, schemas::DoneKind::done});
      socket.send(schemas::encode(done));
    }
  }
  return 0;
}

// The size of a message with one job.
int size() {
  std::cout << schemas::encode(schemas::Assign{Source().claim(1), {}}).size() / shards << std::endl;
  return 0;
}

// ---- the bare limit, in libzmq's own words

using Socket = std::unique_ptr<void, int (*)(void*)>;

Socket open(void* context, int type, const std::string& folder, const std::string& server) {
  Socket socket(zmq_socket(context, type), zmq_close);
  const auto keys = keys_of(folder, server.empty() ? "broker" : "worker");
  const int is_server = 1, none = 0;
  if (server.empty())
    zmq_setsockopt(socket.get(), ZMQ_CURVE_SERVER, &is_server, sizeof is_server);
  else
    zmq_setsockopt(socket.get(), ZMQ_CURVE_SERVERKEY, server.data(), server.size());
  zmq_setsockopt(socket.get(), ZMQ_CURVE_PUBLICKEY, keys.public_key.data(), keys.public_key.size());
  zmq_setsockopt(socket.get(), ZMQ_CURVE_SECRETKEY, keys.secret_key.data(), keys.secret_key.size());
  zmq_setsockopt(socket.get(), ZMQ_LINGER, &none, sizeof none);
  return socket;
}

int complain(const std::string& what) {
  std::cerr << "bench_hub: " << what << ": " << zmq_strerror(zmq_errno()) << '\n';
  return 1;
}

// Until it is killed: zmq_proxy never returns.
int proxy(const std::string& folder, const std::string& front_end, const std::string& back_end) {
  void* context = zmq_ctx_new();
  const Socket front = open(context, ZMQ_ROUTER, folder, ""), back = open(context, ZMQ_DEALER, folder, "");
  if (zmq_bind(front.get(), front_end.c_str()) != 0) return complain(front_end);
  if (zmq_bind(back.get(), back_end.c_str()) != 0) return complain(back_end);
  std::signal(SIGTERM, SIG_DFL);
  return zmq_proxy(front.get(), back.get(), nullptr);
}

// Sends every message back as it came.
int reply(const std::string& folder, const std::string& back_end) {
  void* context = zmq_ctx_new();
  const auto server = wire::read_public_key(folder + "/broker.pub").value();
  const Socket socket = open(context, ZMQ_DEALER, folder, server);
  if (zmq_connect(socket.get(), back_end.c_str()) != 0) return complain(back_end);
  std::signal(SIGTERM, SIG_DFL);
  while (true) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, socket.get(), 0) < 0) return complain("receive");
    const int more = zmq_msg_more(&part);
    if (zmq_msg_send(&part, socket.get(), more != 0 ? ZMQ_SNDMORE : 0) < 0) return complain("send");
  }
}

int request(const std::string& folder, const std::string& front_end, std::size_t bytes, Meter meter) {
  void* context = zmq_ctx_new();
  const auto server = wire::read_public_key(folder + "/broker.pub").value();
  const Socket socket = open(context, ZMQ_DEALER, folder, server);
  const int patience_ms = 1000;
  zmq_setsockopt(socket.get(), ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
  if (zmq_connect(socket.get(), front_end.c_str()) != 0) return complain(front_end);
  const std::string message(bytes, 'x');
  std::string answer(bytes, ' ');
  for (int n = 0; n < window; ++n) zmq_send(socket.get(), message.data(), message.size(), 0);
  while (!stop && !meter.is_over()) {
    if (zmq_recv(socket.get(), answer.data(), answer.size(), 0) < 0) return complain("no reply");
    meter.count(1);
    zmq_send(socket.get(), message.data(), message.size(), 0);
  }
  meter.print();
  return 0;
}

int usage() {
  std::cerr
      << "usage: bench_hub broker KEYS ENDPOINT JOBS_A_MESSAGE WARM_UP SECONDS | echo KEYS ENDPOINT NAME | size |\n"
         "                 proxy KEYS FRONT BACK | reply KEYS BACK | request KEYS FRONT BYTES WARM_UP SECONDS\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  std::signal(SIGTERM, [](int) { stop = true; });
  const std::vector<std::string> given(argv + 1, argv + argc);
  const std::string what = given.empty() ? "" : given[0];
  if (what == "broker" && given.size() == 6)
    return broker(given[1], given[2], std::stoi(given[3]), {std::stoll(given[4]), std::stoll(given[5])});
  if (what == "echo" && given.size() == 4) return echo(given[1], given[2], given[3]);
  if (what == "size" && given.size() == 1) return size();
  if (what == "proxy" && given.size() == 4) return proxy(given[1], given[2], given[3]);
  if (what == "reply" && given.size() == 3) return reply(given[1], given[2]);
  if (what == "request" && given.size() == 6)
    return request(given[1], given[2], std::stoul(given[3]), {std::stoll(given[4]), std::stoll(given[5])});
  return usage();
}
