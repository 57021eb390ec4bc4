{#
    The SELECT of a staging model: the columns of a raw table under the stream's names in lower case,
    each with one type, whatever the loader made of them.

    - A column that is missing, because it is deselected or of a later version of the tap, is null.
    - A table that is missing gives no rows.
    - Rows that a loader only marked as deleted are left out.

    Args:
        relation: The raw table, from source().
        columns: Name (in any case), kind (see type_of), and name in the model if it is another.
        required: Names of columns that must be there, and so must the table.
#}
{% macro stage(relation, columns, required=[]) %}
    {%- set found = activecampaign_segments.raw_columns(relation, required) -%}
    select
    {%- for each in columns %}
        {%- set column = found.get(each[0] | replace('_', '')) %}
        {% if column is none -%}
            cast(null as {{ activecampaign_segments.type_of(each[1]) }})
        {%- else -%}
            {{ activecampaign_segments.converted(column.sql, each[1], column.stored) }}
        {%- endif %} as {{ each[2] or each[0] }}
        {%- if not loop.last %},{% endif -%}
    {% endfor %}
    {%- if found %}
    from {{ relation }}
        {%- if found.get('sdcdeletedat') %}
    where {{ found['sdcdeletedat'].sql }} is null
        {%- endif %}
    {%- else %}
    from (select 1 as nothing) as missing
    where nothing = 0
    {%- endif %}
{% endmacro %}

{#
    The columns of a raw table by name, in lower case without underscores (`ProfileId`, `PROFILEID`
    and `profile_id` are one): dictionaries of `sql` and `stored`, none if there is no table.
#}
{% macro raw_columns(relation, required=[]) %}
    {%- set found = {} -%}
    {%- if execute -%}
        {%- set existing = adapter.get_relation(
            database=relation.database, schema=relation.schema, identifier=relation.identifier
        ) -%}
        {%- if existing -%}
            {%- for column in adapter.get_columns_in_relation(existing) -%}
                {%- do found.update({
                    column.name | lower | replace('_', ''):
                        {'sql': adapter.quote(column.name), 'stored': column.data_type}
                }) -%}
            {%- endfor -%}
            {%- for name in required if name | replace('_', '') not in found -%}
                {{- exceptions.raise_compiler_error(
                    existing ~ ' has no column ' ~ name ~ ': select all columns of the stream '
                    ~ relation.identifier
                ) -}}
            {%- endfor -%}
        {%- elif required -%}
            {{- exceptions.raise_compiler_error(
                relation ~ ' does not exist: set activecampaign_segments_schema to the schema that'
                ~ ' the tap loads into, and select the stream ' ~ relation.identifier
            ) -}}
        {%- else -%}
            {{- log(relation ~ ' does not exist: what depends on it is empty', info=true) -}}
        {%- endif -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}
