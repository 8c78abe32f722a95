-- history.sql: rows of history are only ever added, rows that others stand on are never taken out.
SET search_path = ledger;

CREATE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'history is append-only: % on ledger.% is forbidden', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'BU010';
END $$;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['ledger.transition', 'ledger.posting', 'ledger.entry', 'ledger.refusal',
                              'ledger.link', 'ledger.statement', 'ledger.statement_line',
                              'ledger.foreign_fill', 'ledger.fill_claim', 'ledger.firing',
                              'sealed.api_key'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s '
                   'FOR EACH ROW EXECUTE FUNCTION ledger.forbid_change()', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['ledger.account', 'ledger.instance', 'ledger.hold', 'ledger.asset',
                              'sealed.master_key'] LOOP
    EXECUTE format('CREATE TRIGGER no_delete BEFORE DELETE ON %s '
                   'FOR EACH ROW EXECUTE FUNCTION ledger.forbid_change()', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['ledger.transition', 'ledger.posting', 'ledger.entry', 'ledger.refusal',
                              'ledger.link', 'ledger.statement', 'ledger.statement_line',
                              'ledger.foreign_fill', 'ledger.fill_claim', 'ledger.firing', 'sealed.api_key',
                              'sealed.seal',
                              'ledger.account', 'ledger.instance', 'ledger.hold', 'ledger.asset',
                              'sealed.master_key'] LOOP
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s EXECUTE FUNCTION ledger.forbid_change()',
                   name);
  END LOOP;
END $$;
CREATE TRIGGER immutable BEFORE UPDATE ON asset FOR EACH ROW EXECUTE FUNCTION forbid_change();
