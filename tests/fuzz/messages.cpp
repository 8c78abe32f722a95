#include "schemas/codec/messages.hpp"

#include "brokers/wire/keys.hpp"
#include "brokers/wire/zap.hpp"
#include "machines/core/names.hpp"
#include "tests/fuzz/memory_file.hpp"

namespace tests::fuzz {

void wire(Bytes bytes) {
  const auto message = schemas::decode(bytes);
  if (!message) {
    CHECK(!message.error().reason.empty());
    return;
  }
  const std::string written = schemas::encode(*message);
  const auto again = schemas::decode(written);
  CHECK(again.has_value());
  CHECK(*again == *message);
  CHECK(schemas::encode(*again) == written);
}

void venue(Bytes bytes) {
  const auto frame = schemas::decode_venue(bytes);
  if (!frame) {
    CHECK(!frame.error().reason.empty());
    return;
  }
  const std::string written = schemas::encode_venue(*frame);
  const auto again = schemas::decode_venue(written);
  CHECK(again.has_value());
  CHECK(*again == *frame);
  CHECK(schemas::encode_venue(*again) == written);
}

void curve_keys(Bytes bytes) {
  const MemoryFile file(bytes);
  const auto keys = brokers::wire::read_keys(file.path());
  if (keys) {
    CHECK(keys->public_key == line_of(bytes, 0) && keys->secret_key == line_of(bytes, 1));
    CHECK(keys->public_key.size() == 40 && keys->secret_key.size() == 40);
  } else {
    must_name(keys.error().text, file.path());
  }
  const auto key = brokers::wire::read_public_key(file.path());
  if (key)
    CHECK(*key == line_of(bytes, 0) && key->size() == 40);
  else
    must_name(key.error().text, file.path());
}

// Only "role:name" of a role that exists is anybody.
void user_id(Bytes bytes) {
  const auto peer = brokers::wire::peer_of(bytes);
  if (!peer) return;
  CHECK(std::string(machines::name_of(peer->role)) + ":" + peer->name == bytes);
}

}  // namespace tests::fuzz
