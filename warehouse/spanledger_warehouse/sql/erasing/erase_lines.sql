-- The lines of some parts of the archive, those of the erased spans without what people wrote into them. What the line
-- was like when it came stays known by its hash only: copies of a call are told apart by it.
-- grain: file_id, line
select
    a.file_id,
    a.line,
    a.kind,
    case
        when e.line is null then a.body
        else
            json_merge_patch(
                a.body,
                '{"metadata": null, "response_metadata": null, "error_message": null}',
                case
                    when json_extract(a.body, '$.attributes') is not null
                        then json_object('attributes', json($attributes))
                    else '{}'
                end,
                case
                    when e.attributed_tenant is not null then json_object('tenant', e.attributed_tenant)
                    else '{}'
                end
            )
    end as body,
    case when e.line is null then a.erased_hash else coalesce(a.erased_hash, md5(a.body)) end as erased_hash
from read_parquet($paths, union_by_name = true, hive_partitioning = false) as a
left join erased_lines as e on a.file_id = e.file_id and a.line = e.line
order by a.file_id, a.line
