-- What the use of models is added up by, of the calls that the gateway recorded. The attributes of other spans are not
-- read for it; those of calls that were stored before are, whenever use is asked for, until their parts are joined.
ALTER TABLE spans
    ADD COLUMN gateway_key LowCardinality(String)
        DEFAULT if(scope_name = 'masthead.gateway', JSONExtractString(attributes, 'masthead.gateway.key'), '')
        AFTER scope_version,
    ADD COLUMN connection LowCardinality(String)
        DEFAULT if(scope_name = 'masthead.gateway', JSONExtractString(attributes, 'masthead.gateway.connection'), '')
        AFTER gateway_key,
    ADD COLUMN cache LowCardinality(String)
        DEFAULT if(scope_name = 'masthead.gateway', JSONExtractString(attributes, 'masthead.gateway.cache'), '')
        AFTER connection,
    ADD COLUMN first_chunk_s Nullable(Float64)
        DEFAULT if(
            scope_name = 'masthead.gateway',
            JSONExtract(attributes, 'gen_ai.response.time_to_first_chunk', 'Nullable(Float64)'),
            NULL
        ) CODEC(ZSTD(1))
        AFTER cache,
    ADD COLUMN is_shadow Bool
        DEFAULT scope_name = 'masthead.gateway' AND JSONHas(attributes, 'masthead.gateway.shadow_of')
            AND NOT JSONExtractBool(attributes, 'masthead.gateway.is_billed')
        AFTER first_chunk_s;
