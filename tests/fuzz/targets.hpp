// tests/fuzz/targets.hpp: one function for each decoder that reads what others wrote. It gives the decoder any bytes
// and CHECKs what must hold of the answer; a sanitizer finds the rest. The same functions are libFuzzer's (entry.cpp)
// and the replay's of the committed corpus (replay_test.cpp). Temporary files only; nothing throws.
#pragma once

#include <string_view>
#include <vector>

namespace tests::fuzz {

using Bytes = std::string_view;

void wire(Bytes bytes);           // messages of workers and clients to the broker, and back
void venue(Bytes bytes);          // messages to the venue, and back
void config(Bytes bytes);         // TOML, and the configuration in it
void prices(Bytes bytes);         // a price file
void price_fields(Bytes bytes);   // one line of it: fields, numbers, times
void machine_data(Bytes bytes);   // the machines' own variables as canonical JSON
void import_record(Bytes bytes);  // what the reader said, as the feed's row keeps it
void amounts(Bytes bytes);        // decimals and whole amounts
void venue_keys(Bytes bytes);     // the paper venue's key file
void credential(Bytes bytes);     // a key's two lines as a person gives them
void curve_keys(Bytes bytes);     // CURVE key files
void checkpoints(Bytes bytes);    // the file of signed checkpoints
void connection(Bytes bytes);     // libpq connection strings
void user_id(Bytes bytes);        // who a peer is, as ZAP says it

struct Target {
  const char* name;
  void (*run)(Bytes);
};
// All of them, by the names of their corpus folders.
inline std::vector<Target> targets() {
  return {
      {"wire", wire},
      {"venue", venue},
      {"config", config},
      {"prices", prices},
      {"price_fields", price_fields},
      {"machine_data", machine_data},
      {"import_record", import_record},
      {"amounts", amounts},
      {"venue_keys", venue_keys},
      {"credential", credential},
      {"curve_keys", curve_keys},
      {"checkpoints", checkpoints},
      {"connection", connection},
      {"user_id", user_id},
  };
}

}  // namespace tests::fuzz
