#include "workers/venues/paper/signature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "machines/core/names.hpp"

namespace workers::venues::paper {
namespace {

using schemas::VenueMessage;
using schemas::VenueRefusal;

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t whole_ppm = 1'000'000;

std::string field(std::string_view text) { return fmt::format("{}:{}\n", text.size(), text); }

// One text for one request and no other, whatever the wire makes of it: each field has its length before it.
std::string body_of(const VenueMessage& request) {
  if (const auto* place = std::get_if<schemas::PlaceOrder>(&request))
    return "place\n" + field(place->client_id) + field(place->symbol) + field(machines::name_of(place->side)) +
           field(machines::to_text(place->size)) + field(std::to_string(place->placed_at.us)) +
           field(std::to_string(place->not_after_us));
  if (const auto* query = std::get_if<schemas::QueryOrder>(&request))
    return "query\n" + field(query->client_id) + field(query->deep ? "deep" : "open");
  if (const auto* cancel = std::get_if<schemas::CancelOrder>(&request)) return "cancel\n" + field(cancel->client_id);
  return "statement\n";
}

std::string text_to_prove(const schemas::Signature& signature, std::uint64_t correlation, const VenueMessage& request) {
  return "bursar paper request 2\n" + field(signature.account) + field(signature.api_key) +
         field(std::to_string(signature.signed_us)) + field(std::to_string(correlation)) + body_of(request);
}

bool is_look(const VenueMessage& request) {
  return std::holds_alternative<schemas::QueryOrder>(request) ||
         std::holds_alternative<schemas::StatementRequest>(request);
}
bool may_be_signed(const VenueMessage& request) {
  return is_look(request) || std::holds_alternative<schemas::PlaceOrder>(request) ||
         std::holds_alternative<schemas::CancelOrder>(request);
}

std::string_view text_of(KeyTrouble trouble) {
  switch (trouble) {
    case KeyTrouble::unsigned_request:
      return "this account takes requests only that are signed by a key that may trade";
    case KeyTrouble::unknown:
      return "the venue knows no such key of this account";
    case KeyTrouble::wrong_proof:
      return "the signature is not this key's";
    case KeyTrouble::stale:
      return "the signature is not of this minute";
    case KeyTrouble::expired:
      return "the key has expired";
    case KeyTrouble::lacks_right:
      return "the key may not do this";
  }
  return "";
}

Gate::Verdict refused(KeyTrouble trouble) {
  return {VenueRefusal{fmt::format("bad_key: {}: {}", machines::name_of(trouble), text_of(trouble))}, 0};
}

const KnownKey* find(const std::vector<KnownKey>& keys, const std::string& account, const std::string& api_key) {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const KnownKey& key) {
    return key.info.account == account && key.api_key == api_key;
  });
  return found == keys.end() ? nullptr : &*found;
}

std::int64_t share(std::size_t uses, std::int64_t rate) {
  return rate == 0 ? 0 : static_cast<std::int64_t>(uses) * whole_ppm / rate;
}

}  // namespace

schemas::Signature sign(const ledger::secrets::Secret& credential, const std::string& account,
                        std::uint64_t correlation, const VenueMessage& request, std::int64_t signed_us) {
  CHECK(may_be_signed(request));
  schemas::Signature signature{account, api_key_of(credential), signed_us, ""};
  signature.proof = proof_by(credential, text_to_prove(signature, correlation, request));
  return signature;
}

std::optional<KeyTrouble> trouble_of(const std::string& reason) {
  constexpr std::string_view begin = "bad_key: ";
  if (!reason.starts_with(begin)) return std::nullopt;
  const auto end = std::min(reason.find(':', begin.size()), reason.size());
  return machines::from_name<KeyTrouble>(std::string_view(reason).substr(begin.size(), end - begin.size()));
}

Gate::Uses& Gate::uses_of(const KnownKey& key, std::int64_t now_us) {
  Uses& uses = uses_[{key.info.account, key.api_key}];
  while (!uses.empty() && uses.front() <= now_us - second_us) uses.pop_front();
  return uses;
}

Gate::Verdict Gate::check(const schemas::VenueFrame& request, std::int64_t now_us) {
  if (!may_be_signed(request.message)) return {};
  const bool is_statement = std::holds_alternative<schemas::StatementRequest>(request.message);
  if (!request.signature && is_statement) return {};
  const auto keys = read_key_file(key_file_);
  if (!request.signature) {
    const bool is_closed = std::any_of(
        keys.begin(), keys.end(), [&](const KnownKey& key) { return key.info.account == account_ && key.info.trade; });
    return is_closed ? refused(KeyTrouble::unsigned_request) : Verdict{};
  }
  const schemas::Signature& signature = *request.signature;
  const KnownKey* key = find(keys, signature.account, signature.api_key);
  if (key == nullptr || signature.account != account_) return refused(KeyTrouble::unknown);
  if (!is_proved(*key, text_to_prove(signature, request.correlation, request.message), signature.proof))
    return refused(KeyTrouble::wrong_proof);
  if (!is_of_this_minute(signature.signed_us, now_us)) return refused(KeyTrouble::stale);
  if (key->info.expires_us != 0 && key->info.expires_us <= now_us) return refused(KeyTrouble::expired);
  if (!(is_look(request.message) ? key->info.read : key->info.trade)) return refused(KeyTrouble::lacks_right);
  if (key->rate == 0) return {};
  Uses& uses = uses_of(*key, now_us);
  if (static_cast<std::int64_t>(uses.size()) >= key->rate) {
    const std::int64_t wait_us = uses[uses.size() - static_cast<std::size_t>(key->rate)] + second_us - now_us;
    return {VenueRefusal{fmt::format("too_many: {} requests a second are this key's limit", key->rate),
                         std::max<std::int64_t>((wait_us + 999) / 1000, 1)},
            share(uses.size(), key->rate)};
  }
  uses.push_back(now_us);
  return {std::nullopt, share(uses.size(), key->rate)};
}

VenueMessage Gate::key_info(const schemas::KeyInfoRequest& request, std::int64_t now_us) {
  if (!is_of_this_minute(request.asked_us, now_us)) return VenueRefusal{"bad_key: the proof is not of this minute"};
  const auto keys = read_key_file(key_file_);
  const KnownKey* key = find(keys, request.account, request.api_key);
  if (key == nullptr || !is_proved(*key, paper::text_to_prove(request), request.proof))
    return VenueRefusal{"bad_key: no such key in this account, or a wrong proof"};
  schemas::KeyInfo info = key->info;
  info.rate_used_ppm = key->rate == 0 ? 0 : share(uses_of(*key, now_us).size(), key->rate);
  return info;
}

}  // namespace workers::venues::paper
