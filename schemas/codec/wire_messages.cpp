#include "schemas/codec/convert.hpp"
#include "schemas/codec/messages.hpp"
#include "schemas/proto/wire.pb.h"

namespace schemas {
namespace {

namespace pb = bursar::wire;
using machines::JobKey;
using machines::LeasedJob;

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
}
LeasedJob read(const pb::LeasedJob& from, Reading& reading) {
  return {read(from.key()), reading.token(from.token()), from.shard(),
          from.epoch(),     reading.word(from.kind()),   reading.word(from.command()),
          from.is_event(),  {from.world_us()},           from.attempt(),
          from.tries()};
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
  }
  for (const auto& token : ready.held) to.add_held(bytes_of(token));
  to.set_pure_credit(ready.pure_credit);
  to.set_outside_credit(ready.outside_credit);
}
Ready read(const pb::Ready& from, Reading& reading) {
  Ready ready{reading.word(from.worker()), from.wire(),          from.schema(), {}, {},
              from.pure_credit(),          from.outside_credit()};
  for (const auto& one : from.capabilities())
    ready.capabilities.push_back({
        reading.word(one.kind()), one.version(), {one.outside_commands().begin(), one.outside_commands().end()}
    });
  for (const auto& token : from.held()) ready.held.push_back(reading.token(token));
  if (ready.worker.empty()) reading.refuse("READY needs the worker's id");
  if (ready.pure_credit < 0 || ready.outside_credit < 0) reading.refuse("credit must not be negative");
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
}
Failed read(const pb::Failed& from, Reading& reading) {
  return {reading.token(from.token()), reading.enumerator<machines::CallError>(from.error()), from.retry_after_ms(),
          reading.word(from.reason()), from.fatal()};
}

Goodbye read(const pb::Goodbye& from, Reading& reading) {
  Goodbye goodbye;
  for (const auto& token : from.unstarted()) goodbye.unstarted.push_back(reading.token(token));
  return goodbye;
}

Assign read(const pb::Assign& from, Reading& reading) {
  Assign assign;
  assign.alone_until = {from.alone_until_us()};
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
}
BrokerView read(const pb::BrokerView& from) {
  BrokerView view{from.broker(), from.epoch(), {}, from.dispatched(), from.reissued(), from.refused_peers()};
  for (const auto& one : from.workers()) view.workers.push_back({one.worker(), one.in_flight(), one.silent_ms()});
  for (const auto& one : from.refusals()) view.refusals.push_back({one.reason(), one.count()});
  view.shards.assign(from.shards().begin(), from.shards().end());
  view.waits_for = from.waits_for();
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
  if (from.ahead_size() > static_cast<int>(most_ahead)) reading.refuse("a release goes too far ahead");
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
  Released released{{from.world_us()}, from.stalled(), parked, reading.word(from.reason()), {from.next_due_us()}};
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
      return Heartbeat{};
    case pb::Envelope::kGoodbye:
      return read(envelope.goodbye(), reading);
    case pb::Envelope::kWelcome:
      return Welcome{envelope.welcome().heartbeat_ms(), envelope.welcome().ttl_ms()};
    case pb::Envelope::kRefused:
      return Refused{reading.word(envelope.refused().reason()), envelope.refused().retry_after_ms()};
    case pb::Envelope::kAssign:
      return read(envelope.assign(), reading);
    case pb::Envelope::kRelease:
      return read(envelope.release(), reading);
    case pb::Envelope::kReleased:
      return read(envelope.released(), reading);
    case pb::Envelope::kSubmit: {
      const auto& from = envelope.submit();
      return Submit{{from.owner()}, {from.instance()}, reading.word(from.event()), {from.world_us()}};
    }
    case pb::Envelope::kSubmitted: {
      const auto& from = envelope.submitted();
      return Submitted{{from.instance()}, from.accepted(), reading.word(from.reason())};
    }
    case pb::Envelope::kQuery:
      return Query{};
    case pb::Envelope::kBrokerView:
      return read(envelope.broker_view());
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
                 [&](const Heartbeat&) { envelope.mutable_heartbeat(); },
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
                   to->set_accepted(m.accepted);
                   to->set_reason(readable(m.reason));
                 },
                 [&](const Query&) { envelope.mutable_query(); },
                 [&](const BrokerView& m) { write(m, *envelope.mutable_broker_view()); },
             },
             message);
  return envelope.SerializeAsString();
}

machines::Result<Message, DecodeError> decode(std::string_view bytes) {
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
