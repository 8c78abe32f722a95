-- digests.sql: the bytes that rows of history are digested by, and the hashes that the audit compares by.
SET search_path = ledger;

-- A length-prefixed text, for digests. All of these must stay inlinable (STABLE, since convert_to is): a
-- call of its own costs 20 microseconds.
CREATE FUNCTION lp(t text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT int4send(octet_length(t)) || convert_to(t, 'UTF8') $$;

-- Version 1 of a posting's bytes inside its transition's digest.
CREATE FUNCTION posting_bytes(leg int, kind text, debit bigint, credit bigint, asset int, amount numeric,
                              code text, hold_instance bigint, hold_version bigint, hold_leg int)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT int4send(leg) || ledger.lp(kind) || int8send(debit) || int8send(credit) || int4send(asset)
|| ledger.lp(amount::text) || ledger.lp(code)
          || int8send(hold_instance) || int8send(hold_version) || int4send(hold_leg) $$;

-- Version 1 of a transition's digest: never token, attempt, wall time or trace. `postings` is the
-- concatenation of posting_bytes by leg.
CREATE FUNCTION transition_digest(owner int, instance bigint, version bigint, step_instance bigint,
                                  step_version bigint, kind text, machine_version int, from_state text,
                                  to_state text, event text, command text, world_at bigint, data text,
                                  jobs text, postings bytea)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT sha256('\x01'::bytea || int4send(owner)
    || int8send(instance) || int8send(version) || int8send(step_instance) || int8send(step_version)
          || ledger.lp(kind) || int4send(machine_version) || ledger.lp(from_state) || ledger.lp(to_state)
          || ledger.lp(event) || ledger.lp(command)
          || int8send(world_at) || ledger.lp(data) || ledger.lp(jobs) || postings) $$;

-- Version 2 begins a refusal's.
CREATE FUNCTION refusal_digest(owner int, instance bigint, version bigint, token uuid, reason text)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT sha256('\x02'::bytea || int4send(owner) || int8send(instance) || int8send(version)
                 || uuid_send(token) || ledger.lp(reason)) $$;

-- The next head of a shard's chain over the concatenated digests of one commit call.
CREATE FUNCTION link_hash(shard int, seq bigint, prev bytea, wall_us bigint, digests bytea) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT sha256('\x01'::bytea || int4send(shard) || int8send(seq) || int4send(octet_length(prev)) || prev
          || int8send(wall_us) || digests) $$;

-- The bytes of lp, posting_bytes and transition_digest at half their price: textsend instead of
-- convert_to. Only where client_encoding is UTF8, which the function that calls them sees to; a parallel
-- worker would not know.
CREATE FUNCTION lp_utf8(t text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT int4send(octet_length(t)) || textsend(t) $$;

CREATE FUNCTION posting_utf8(leg int, kind text, debit bigint, credit bigint, asset int, amount numeric,
                             code text, hold_instance bigint, hold_version bigint, hold_leg int)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT int4send(leg) || ledger.lp_utf8(kind) || int8send(debit) || int8send(credit) || int4send(asset)
|| ledger.lp_utf8(amount::text) || ledger.lp_utf8(code)
          || int8send(hold_instance) || int8send(hold_version) || int4send(hold_leg) $$;

CREATE FUNCTION transition_utf8(owner int, instance bigint, version bigint, step_instance bigint,
                                step_version bigint, kind text, machine_version int, from_state text,
                                to_state text, event text, command text, world_at bigint, data text,
                                jobs text, postings bytea)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT sha256('\x01'::bytea || int4send(owner)
    || int8send(instance) || int8send(version) || int8send(step_instance) || int8send(step_version)
          || ledger.lp_utf8(kind) || int4send(machine_version) || ledger.lp_utf8(from_state)
          || ledger.lp_utf8(to_state) || ledger.lp_utf8(event)
          || ledger.lp_utf8(command) || int8send(world_at) || ledger.lp_utf8(data) || ledger.lp_utf8(jobs)
          || postings) $$;

-- Where a machine stands before its next move; where an account stands before its next entry (hashes of
-- numerics know no sign).
CREATE FUNCTION place_hash(seed bigint, owner int, instance bigint, version bigint, state text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT hashtextextended(state,
                           hashint8extended(version,
                                            hashint8extended(instance, hashint4extended(owner, seed)))) $$;

CREATE FUNCTION balance_hash(seed bigint, owner int, account bigint, asset int, version bigint, dp numeric,
                             dd numeric, cp numeric, cc numeric)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT hash_numeric_extended(cc,
                                hash_numeric_extended(cp, hash_numeric_extended(dd, hash_numeric_extended(dp,
          hashint8extended(version,
                           hashint4extended(asset,
                                            hashint8extended(account, hashint4extended(owner, seed)))))))) $$;

-- A row of history by its key.
CREATE FUNCTION key_hash(seed bigint, owner int, instance bigint, version bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT hashint8extended(version, hashint8extended(instance, hashint4extended(owner, seed))) $$;
