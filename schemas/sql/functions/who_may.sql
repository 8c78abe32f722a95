-- who_may.sql: who may do what, by name and from nothing, each time that a set is put in.
--   bursar_service   brokers and workers: claims, leases, facts, commits, seats.
--   bursar_operator  people: freezes and pauses, jobs, orders in doubt, openings, schedules; and all that
--                    only looks. It commits nothing by itself, and releases no world time.
--   bursar_keeper    what looks after API keys: the service's rights, sealed secrets, and its own firings.
--   bursar_mover     the transfer executor: the service's rights, and keys that can move coins.
-- Nobody else calls anything: what is in no list below, trigger functions and what functions call, is for
-- the owner alone. tests/ledger/rights.txt holds the same lists; whoever makes a function or a table grants
-- it here by name, or it is the owner's.
SET search_path = ledger;

REVOKE ALL ON ALL TABLES IN SCHEMA ledger, sealed
  FROM PUBLIC, bursar_service, bursar_operator, bursar_keeper, bursar_mover;
GRANT USAGE ON SCHEMA ledger, sealed TO bursar_service, bursar_operator;

-- ---- brokers and workers

GRANT EXECUTE ON FUNCTION take_seat, hold_shards, give_up_shards, leave_seat, take, take_of, take_urgent,
  owners_in_turn, places, owner_ids, due, next_unheld, leased, give_back, submit_event, world_now, facts,
  commit, may_send, sealed.key_for_use TO bursar_service;
GRANT SELECT ON deployment, owner, shard, control, link, asset, instrument, vault, sleeve, instance, feed,
  bar, sealed.api_key, sealed.master_key TO bursar_service;
GRANT EXECUTE ON FUNCTION sealed.key_for_move TO bursar_mover;

-- ---- what looks after keys

GRANT EXECUTE ON FUNCTION lose_firings, settle_review, take_firing, end_firing TO bursar_keeper;
GRANT SELECT ON sealed.seal TO bursar_keeper;

-- ---- people: what they order, then what they look at

GRANT EXECUTE ON FUNCTION impose, lift, halt, free_held, intervene, cancel_job, migrate_instance,
  record_migration, record_checkpoint, hold_for_person, record_resolution, open_asset, open_owner,
  open_instrument, open_vault, open_sleeve, declare_schedules, fire TO bursar_operator;
GRANT EXECUTE ON FUNCTION world_now, is_paused, jobs_seen, job_counts, seats, firings_seen, look_for_stranded,
  stranded, wallet, digest, key_hash, verify_breaks, verify_crossings, verify_openings, verify_statements,
  audit_accounts, audit_balances, audit_cuts, audit_holds, audit_instances, audit_links, audit_living,
  audit_recent, audit_standing, audit_strays, audit_touched TO bursar_operator;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO bursar_operator;
GRANT SELECT ON sealed.api_key, sealed.master_key TO bursar_operator;
