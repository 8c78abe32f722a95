#include <google/protobuf/stubs/logging.h>

#include "schemas/codec/convert.hpp"
#include "schemas/codec/messages.hpp"
#include "schemas/proto/wire.pb.h"

namespace schemas {
namespace {

namespace pb = bursar::wire;
using machines::JobKey;
using machines::LeasedJob;

// Far more than any of ours says; a stranger's message may not make much out of a few bytes.
constexpr std::size_t longest_word = 256;  // bytes of a name, a kind, a command or an event
constexpr int most_credit = 100'000;
constexpr int most_listed = 20'000;  // jobs, tokens or capabilities in one message

std::string name(const std::string& text, Reading& reading) {
  if (text.size() > longest_word) reading.refuse("a word is too long");
  return reading.word(text);
}
template <class List>
bool fits(const List& list, Reading& reading) {
  if (list.size() > most_listed) reading.refuse("a list is too long");
  return list.size() <= most_listed;
}

void write(const JobKey& key, pb::JobKey& to) {
  to.set_owner(key.owner.value);
  to.set_instance(key.instance.value);
  to.set_version(key.version);
  to.set_ordinal(key.ordinal);
}
JobKey read(const pb::JobKey& from) { return {{from.owner()}, {from.instance()}, from.version(), from.ordinal()}; }

void write(const LeasedJob& job, pb::LeasedJob& to) {
  write(job.key, *to.mutable_key());
  to.set_token(bytes_of(job.token));
  to.set_shard(job.shard);
  to.set_epoch(job.epoch);
  to.set_kind(job.kind);
  to.set_command(job.command);
  to.set_is_event(job.is_event);
  to.set_world_us(job.world_at.us);
  to.set_attempt(job.attempt);
  to.set_tries(job.tries);
  if (job.machine_version != 1) to.set_machine_version(job.machine_version);
}
LeasedJob read(const pb::LeasedJob& from, Reading& reading) {
  return {read(from.key()),
          reading.token(from.token()),
          from.shard(),
          from.epoch(),
          name(from.kind(), reading),
          name(from.command(), reading),
          from.is_event(),
          {from.world_us()},
          from.attempt(),
          from.tries(),
          from.machine_version() == 0 ? 1 : from.machine_version()};
}

void write(const Ready& ready, pb::Ready& to) {
  to.set_worker(ready.worker);
  to.set_wire(ready.wire);
  to.set_schema(ready.schema);
  for (const Capability& capability : ready.capabilities) {
    auto* one = to.add_capabilities();
    one->set_kind(capability.kind);
    one->set_version(capability.version);
    for (const auto& command : capability.outside_commands) one->add_outside_commands(command);
    for (const auto& command : capability.commands) one->add_commands(command);
  }
  for (const auto& token : ready.held) to.add_held(bytes_of(token));
  to.set_pure_credit(ready.pure_credit);
  to.set_outside_credit(ready.outside_credit);
  if (!ready.incarnation.is_empty()) to.set_incarnation(bytes_of(ready.incarnation));
}
Ready read(const pb::Ready& from, Reading& reading) {
  Ready ready{name(from.worker(), reading), from.wire(),          from.schema(), {}, {},
              from.pure_credit(),           from.outside_credit()};
  if (!fits(from.capabilities(), reading) || !fits(from.held(), reading)) return ready;
  for (const auto& one : from.capabilities()) {
    Capability& known = ready.capabilities.emplace_back(Capability{name(one.kind(), reading), one.version(), {}, {}});
    if (!fits(one.outside_commands(), reading) || !fits(one.commands(), reading)) return ready;
    for (const auto& command : one.outside_commands()) known.outside_commands.push_back(name(command, reading));
    for (const auto& command : one.commands()) known.commands.push_back(name(command, reading));
  }
  for (const auto& token : from.held()) ready.held.push_back(reading.token(token));
  if (!from.incarnation().empty()) ready.incarnation = reading.token(from.incarnation());
  if (ready.worker.empty()) reading.refuse("READY needs the worker's id");
  if (ready.pure_credit < 0 || ready.outside_credit < 0) reading.refuse("credit must not be negative");
  if (ready.pure_credit > most_credit || ready.outside_credit > most_credit) reading.refuse("credit is too large");
  return ready;
}

void write(const Done& done, pb::Done& to) {
  for (const DoneJob& job : done.jobs) {
    auto* one = to.add_jobs();
    one->set_token(bytes_of(job.token));
    one->set_kind(static_cast<int>(job.kind));
  }
  for (const LeasedJob& job : done.minted) write(job, *to.add_minted());
}
Done read(const pb::Done& from, Reading& reading) {
  Done done;
  if (!fits(from.jobs(), reading) || !fits(from.minted(), reading)) return done;
  for (const auto& one : from.jobs())
    done.jobs.push_back({reading.token(one.token()), reading.enumerator<DoneKind>(one.kind())});
  for (const auto& one : from.minted()) done.minted.push_back(read(one, reading));
  return done;
}

void write(const Failed& failed, pb::Failed& to) {
  to.set_token(bytes_of(failed.token));
  to.set_error(static_cast<int>(failed.error));
  to.set_retry_after_ms(failed.retry_after_ms);
  to.set_reason(readable(failed.reason));
  to.set_fatal(failed.fatal);
  to.set_waits(failed.waits);
  to.set_code(static_cast<int>(failed.code));
}
Failed read(const pb::Failed& from, Reading& reading) {
  return {reading.token(from.token()),
          reading.enumerator<machines::CallError>(from.error()),
          from.retry_after_ms(),
          reading.sentence(from.reason()),
          from.fatal(),
          from.waits(),
          reading.enumerator<machines::GiveUpCode>(from.code())};
}

template <class Tokens>
std::vector<machines::Token> read_tokens(const Tokens& from, Reading& reading) {
  std::vector<machines::Token> tokens;
  if (!fits(from, reading)) return tokens;
  for (const auto& token : from) tokens.push_back(reading.token(token));
  return tokens;
}

Assign read(const pb::Assign& from, Reading& reading) {
  Assign assign;
  assign.alone_until = {from.alone_until_us()};
  if (!fits(from.jobs(), reading)) return assign;
  for (const auto& job : from.jobs()) assign.jobs.push_back(read(job, reading));
  return assign;
}

void write(const BrokerView& view, pb::BrokerView& to) {
  to.set_broker(view.broker);
  to.set_epoch(view.epoch);
  for (const WorkerView& worker : view.workers) {
    auto* one = to.add_workers();
    one->set_worker(worker.worker);
    one->set_in_flight(worker.in_flight);
    one->set_silent_ms(worker.silent_ms);
  }
  to.set_dispatched(view.dispatched);
  to.set_reissued(view.reissued);
  to.set_refused_peers(view.refused_peers);
  for (const RefusalView& refusal : view.refusals) {
    auto* one = to.add_refusals();
    one->set_reason(readable(refusal.reason));
    one->set_count(refusal.count);
  }
  for (const int shard : view.shards) to.add_shards(shard);
  to.set_waits_for(readable(view.waits_for));
  for (const LimitView& limit : view.limits) {
    auto* one = to.add_limits();
    one->set_name(readable(limit.name));
    one->set_key(readable(limit.key));
    one->set_waiting(limit.waiting);
    one->set_in_flight(limit.in_flight);
    one->set_since_ms(limit.since_ms);
    one->set_cap(readable(limit.cap));
  }
  for (const UnableView& unable : view.unable) {
    auto* one = to.add_unable();
    one->set_kind(unable.kind);
    one->set_command(unable.command);
    one->set_jobs(unable.jobs);
  }
  to.set_overdue(view.overdue);
  to.set_world_us(view.world_now.us);
  to.set_world_ms(view.world_ms);
}
BrokerView read(const pb::BrokerView& from, Reading& reading) {
  BrokerView view{name(from.broker(), reading), from.epoch(), {}, from.dispatched(), from.reissued(),
                  from.refused_peers()};
  for (const auto& one : from.workers())
    view.workers.push_back({name(one.worker(), reading), one.in_flight(), one.silent_ms()});
  for (const auto& one : from.refusals()) view.refusals.push_back({reading.sentence(one.reason()), one.count()});
  view.shards.assign(from.shards().begin(), from.shards().end());
  view.waits_for = reading.sentence(from.waits_for());
  for (const auto& one : from.limits())
    view.limits.push_back({reading.sentence(one.name()), reading.sentence(one.key()), one.waiting(), one.in_flight(),
                           one.since_ms(), reading.sentence(one.cap())});
  for (const auto& one : from.unable())
    view.unable.push_back({name(one.kind(), reading), name(one.command(), reading), one.jobs()});
  view.overdue = from.overdue();
  view.world_now = {from.world_us()};
  view.world_ms = from.world_ms();
  return view;
}

void write(const Release& release, pb::Release& to) {
  to.set_world_us(release.world_at.us);
  for (const Ahead& ahead : release.ahead) {
    auto* one = to.add_ahead();
    one->set_unless_due_us(ahead.unless_due.us);
    one->set_world_us(ahead.world_at.us);
  }
}
Release read(const pb::Release& from, Reading& reading) {
  Release release{{from.world_us()}, {}};
  if (from.ahead_size() > static_cast<int>(most_ahead)) {
    reading.refuse("a release goes too far ahead");
    return release;
  }
  machines::Instant last = release.world_at;
  for (const auto& one : from.ahead()) {
    const Ahead ahead{{one.unless_due_us()}, {one.world_us()}};
    if (ahead.world_at <= last) reading.refuse("what is released ahead must ascend");
    last = ahead.world_at;
    release.ahead.push_back(ahead);
  }
  return release;
}

void write_released(const Released& released, pb::Released& to) {
  to.set_world_us(released.world_at.us);
  to.set_stalled(released.stalled);
  if (released.stalled) write(released.parked, *to.mutable_parked());
  to.set_reason(readable(released.reason));
  to.set_next_due_us(released.next_due.us);
  for (const int shard : released.shards) to.add_shards(shard);
  for (const int shard : released.live) to.add_live(shard);
}
Released read(const pb::Released& from, Reading& reading) {
  const auto parked = from.stalled() ? read(from.parked()) : machines::JobKey{};
  Released released{{from.world_us()}, from.stalled(), parked, reading.sentence(from.reason()), {from.next_due_us()}};
  released.shards.assign(from.shards().begin(), from.shards().end());
  released.live.assign(from.live().begin(), from.live().end());
  return released;
}

Message read_body(const pb::Envelope& envelope, Reading& reading) {
  switch (envelope.body_case()) {
    case pb::Envelope::kReady:
      return read(envelope.ready(), reading);
    case pb::Envelope::kDone:
      return read(envelope.done(), reading);
    case pb::Envelope::kFailed:
      return read(envelope.failed(), reading);
    case pb::Envelope::kHeartbeat:
      return Heartbeat{read_tokens(envelope.heartbeat().held(), reading)};
    case pb::Envelope::kGoodbye:
      return Goodbye{read_tokens(envelope.goodbye().unstarted(), reading)};
    case pb::Envelope::kWelcome:
      return Welcome{envelope.welcome().heartbeat_ms(), envelope.welcome().ttl_ms()};
    case pb::Envelope::kRefused:
      return Refused{reading.sentence(envelope.refused().reason()), envelope.refused().retry_after_ms()};
    case pb::Envelope::kAssign:
      return read(envelope.assign(), reading);
    case pb::Envelope::kRelease:
      return read(envelope.release(), reading);
    case pb::Envelope::kReleased:
      return read(envelope.released(), reading);
    case pb::Envelope::kSubmit: {
      const auto& from = envelope.submit();
      return Submit{{from.owner()}, {from.instance()}, name(from.event(), reading), {from.world_us()}};
    }
    case pb::Envelope::kSubmitted: {
      const auto& from = envelope.submitted();
      const auto answer = reading.enumerator<SubmitAnswer>(from.answer());
      return Submitted{
          {from.instance()}, from.accepted() ? SubmitAnswer::accepted : answer, reading.sentence(from.reason())};
    }
    case pb::Envelope::kQuery:
      return Query{};
    case pb::Envelope::kBrokerView:
      return read(envelope.broker_view(), reading);
    case pb::Envelope::kHandedBack:
      return HandedBack{read_tokens(envelope.handed_back().unstarted(), reading)};
    case pb::Envelope::kRevoke:
      return Revoke{read_tokens(envelope.revoke().tokens(), reading)};
    case pb::Envelope::kCancel:
      return Cancel{read(envelope.cancel().key())};
    case pb::Envelope::kCancelled:
      return Cancelled{read(envelope.cancelled().key()),
                       reading.enumerator<CancelResult>(envelope.cancelled().result())};
    case pb::Envelope::BODY_NOT_SET:
      break;
  }
  reading.refuse("the message has no body that this version knows");
  return Heartbeat{};
}

}  // namespace

std::string encode(const Message& message) {
  pb::Envelope envelope;
  std::visit(Overloaded{
                 [&](const Ready& m) { write(m, *envelope.mutable_ready()); },
                 [&](const Done& m) { write(m, *envelope.mutable_done()); },
                 [&](const Failed& m) { write(m, *envelope.mutable_failed()); },
                 [&](const Heartbeat& m) {
                   auto* to = envelope.mutable_heartbeat();
                   for (const auto& token : m.held) to->add_held(bytes_of(token));
                 },
                 [&](const Goodbye& m) {
                   auto* to = envelope.mutable_goodbye();
                   for (const auto& token : m.unstarted) to->add_unstarted(bytes_of(token));
                 },
                 [&](const Welcome& m) {
                   envelope.mutable_welcome()->set_heartbeat_ms(m.heartbeat_ms);
                   envelope.mutable_welcome()->set_ttl_ms(m.ttl_ms);
                 },
                 [&](const Refused& m) {
                   envelope.mutable_refused()->set_reason(readable(m.reason));
                   envelope.mutable_refused()->set_retry_after_ms(m.retry_after_ms);
                 },
                 [&](const Assign& m) {
                   auto* to = envelope.mutable_assign();
                   for (const LeasedJob& job : m.jobs) write(job, *to->add_jobs());
                   to->set_alone_until_us(m.alone_until.us);
                 },
                 [&](const Release& m) { write(m, *envelope.mutable_release()); },
                 [&](const Released& m) { write_released(m, *envelope.mutable_released()); },
                 [&](const Submit& m) {
                   auto* to = envelope.mutable_submit();
                   to->set_owner(m.owner.value);
                   to->set_instance(m.instance.value);
                   to->set_event(m.event);
                   to->set_world_us(m.world_at.us);
                 },
                 [&](const Submitted& m) {
                   auto* to = envelope.mutable_submitted();
                   to->set_instance(m.instance.value);
                   to->set_accepted(m.answer == SubmitAnswer::accepted);
                   to->set_answer(static_cast<int>(m.answer));
                   to->set_reason(readable(m.reason));
                 },
                 [&](const Query&) { envelope.mutable_query(); },
                 [&](const BrokerView& m) { write(m, *envelope.mutable_broker_view()); },
                 [&](const HandedBack& m) {
                   auto* to = envelope.mutable_handed_back();
                   for (const auto& token : m.unstarted) to->add_unstarted(bytes_of(token));
                 },
                 [&](const Revoke& m) {
                   auto* to = envelope.mutable_revoke();
                   for (const auto& token : m.tokens) to->add_tokens(bytes_of(token));
                 },
                 [&](const Cancel& m) { write(m.key, *envelope.mutable_cancel()->mutable_key()); },
                 [&](const Cancelled& m) {
                   write(m.key, *envelope.mutable_cancelled()->mutable_key());
                   envelope.mutable_cancelled()->set_result(static_cast<int>(m.result));
                 },
             },
             message);
  return envelope.SerializeAsString();
}

machines::Result<Message, DecodeError> decode(std::string_view bytes) {
  // Protobuf would write a line about each stranger's bytes: a flood of them would fill the disk.
  static const auto before = google::protobuf::SetLogHandler(nullptr);
  (void)before;
  if (bytes.size() > longest_message) return machines::fail(DecodeError{"the message is too long"});
  pb::Envelope envelope;
  if (!envelope.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return machines::fail(DecodeError{"not a message of this protocol"});
  Reading reading;
  Message message = read_body(envelope, reading);
  if (!reading.ok()) return machines::fail(DecodeError{reading.reason()});
  return message;
}

}  // namespace schemas
