-- The distinct words of some thousand spans that were stored together, in order, between new lines: a search leaves out
-- the spans whose words cannot make up what it looks for. `batches` are the `received_ns` of those spans, all of them or
-- none; a batch that stands in no row is searched in full. Empty `words` say that they are not worth their space.
CREATE TABLE words
(
    project_id LowCardinality(String),
    from_hour UInt32,
    to_hour UInt32,
    batches Array(Int64) CODEC(ZSTD(1)),
    spans UInt32,
    words String CODEC(ZSTD(3)) SETTINGS (min_compress_block_size = 4194304, max_compress_block_size = 4194304),
    kept_until DateTime('UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (project_id, from_hour, batches)
TTL kept_until
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 2, cleanup_delay_period_random_add = 0;

-- What is an error as the reader has it: an exception that only steers a graph is none. Whether the times are recorded.
ALTER TABLE spans
    ADD COLUMN is_error Bool DEFAULT status = 2 AFTER status,
    ADD COLUMN is_dated Bool DEFAULT true AFTER end_ns;

ALTER TABLE runs ADD COLUMN duration_ns Nullable(Int64) DEFAULT end_ns - start_ns CODEC(ZSTD(1)) AFTER end_ns;

ALTER TABLE spans UPDATE is_dated = false
WHERE scope_name = 'masthead.conversation.written' AND position(attributes, '"masthead.run.times":"synthetic"') > 0
SETTINGS mutations_sync = 2;

ALTER TABLE runs UPDATE duration_ns = NULL
WHERE (project_id, run_id) IN (SELECT project_id, run_id FROM spans WHERE NOT is_dated)
SETTINGS mutations_sync = 2;
