// schemas/config/describe_nodes.hpp: every field of the files of node_files.hpp once, as describe.hpp does it. Internal
// to schemas/config.
#pragma once

#include "schemas/config/describe.hpp"
#include "schemas/config/node_files.hpp"

namespace schemas::config {

template <class Visitor, class Store>
void describe_store(Visitor& v, Store& c) {
  v.field("dsn", c.dsn, "libpq connection string, several hosts allowed; empty: $BURSAR_DSN");
  v.field("allow_plain_postgres", c.allow_plain_postgres, "without TLS: only on a network of your own");
  v.field("seen_file", c.seen_file,
          "what it last saw of the ledger: a server that lacks it is refused; empty: broker-NAME.seen or "
          "worker-NAME.seen beside this file");
}

template <class Visitor, class Remote>
void describe_remote(Visitor& v, Remote& c) {
  v.field("endpoint", c.endpoint, "tcp://HOST:PORT or ipc://PATH");
  v.field("public_key", c.public_key, "what it must prove, or ...");
  v.field("key_file", c.key_file, "... the file that holds it, NAME.pub");
}

template <class Visitor, class Peers>
void describe_peers(Visitor& v, Peers& peers) {
  v.list("peer", "who may speak to it, and as what", peers, [](auto& inner, auto& value) {
    inner.field("name", value.name, "for logs");
    inner.field("role", value.role, "worker, client, approver or operator");
    inner.field("public_key", value.public_key, "40 characters, or ...");
    inner.field("key_file", value.key_file, "... the file that holds it, NAME.pub");
  });
}

template <class Visitor, class Node>
void describe_broker_node(Visitor& v, Node& c) {
  v.field("name", c.name, "unlike any other broker's");
  v.field("listen", c.listen, "tcp://ADDRESS:PORT or ipc://PATH");
  v.field("reached_at", c.reached_at, "how others reach it, where that is another endpoint");
  v.field("key_file", c.key_file, "its own pair, from `bursar keys generate`");
  v.table("postgres", "the ledger", c.postgres, [](auto& inner, auto& value) { describe_store(inner, value); });
  v.table("broker", "who gets which job", c.broker, [](auto& inner, auto& value) { describe_broker(inner, value); });
  describe_peers(v, c.peers);
}

template <class Visitor, class Node>
void describe_worker_node(Visitor& v, Node& c) {
  v.field("name", c.name, "unlike any other worker's");
  v.field("key_file", c.key_file, "its own pair, from `bursar keys generate`");
  v.field("kinds", c.kinds, "machines that it decides; empty: all");
  v.field("commands", c.commands, "\"order.place_order\": of that kind these alone; a kind not named: all");
  v.field("outside", c.outside, "whether it calls venues");
  v.field("master_key_file", c.master_key_file,
          "opens the house's API keys, mode 0400; empty: requests leave unsigned");
  v.field("pure_credit", c.pure_credit, "jobs in hand at most that call nobody");
  v.field("outside_credit", c.outside_credit, "... and that do");
  v.table("postgres", "the ledger", c.postgres, [](auto& inner, auto& value) { describe_store(inner, value); });
  v.table("venue", "the venue that it calls, and what its word is worth", c, [](auto& inner, auto& value) {
    describe_remote(inner, value.venue);
    describe_properties(inner, value.properties);
  });
  v.field("venue_timeout_ms", c.venue_timeout_ms, "an answer later than this is doubt");
  v.table("work", "how it decides and commits", c.work, [](auto& inner, auto& value) { describe_work(inner, value); });
  v.list("broker", "every broker that may assign to it", c.brokers,
         [](auto& inner, auto& value) { describe_remote(inner, value); });
}

template <class Visitor, class Node>
void describe_venue_node(Visitor& v, Node& c) {
  v.field("listen", c.listen, "tcp://ADDRESS:PORT or ipc://PATH");
  v.field("key_file", c.key_file, "its own pair, from `bursar keys generate`");
  v.field("symbol", c.symbol, "the pair that it trades");
  v.field("store", c.store, "its own file");
  v.field("prices", c.prices,
          "the price file that the house plays: tick, lot and smallest order fit it where they are not set");
  v.field("api_keys", c.api_keys, "the API keys that it knows; empty: none");
  v.field("configuration", c.configuration, "the house's file; empty: the defaults");
  describe_peers(v, c.peers);
}

}  // namespace schemas::config
