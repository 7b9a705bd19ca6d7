{#
  A table that a query makes out of its own rows, round after round, until no row points anywhere any more.

  The model reads one parent, whose rows are round 0; the query makes the rows of the next round out of those of one. Its first
  dependency is put aside after that: each further round reads the rows of the round before in its place. Rows carry `round`
  and `ancestor_no`, the pointer. Pointers that double reach the top of a chain of n in log2(n) + 1 rounds, each a join and a
  sum; a recursive query would take n of them, and Spark knows none.
#}
{% materialization doubling_rounds, default %}
    {%- set relation = this.incorporate(type="table") -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set start = graph.nodes[model.depends_on.nodes[0]].relation_name -%}
    {%- if existing is not none -%}{{ adapter.drop_relation(existing) }}{%- endif -%}

    {{ run_hooks(pre_hooks) }}

    {% call statement("main") -%}
        create table {{ relation }} as select * from {{ start }}
    {%- endcall %}
    {#- By then a pointer shows 16 million generations up and has left any tree of people; one that has not runs in a circle. -#}
    {%- set most_rounds = 24 -%}
    {%- set state = namespace(done=false) -%}
    {%- for round in range(most_rounds) if not state.done -%}
        {%- set rows = "(select * from " ~ relation ~ " where round = " ~ round ~ ")" -%}
        {%- set pointing = run_query("select count(ancestor_no) as pointing from " ~ rows ~ " as rows_of_round") -%}
        {%- if pointing.rows[0][0] == 0 -%}
            {%- set state.done = true -%}
        {%- else -%}
            {% do run_query("insert into " ~ relation ~ " " ~ sql | replace(start, rows)) %}
        {%- endif -%}
    {%- endfor -%}
    {%- if not state.done -%}
        {{ exceptions.raise_compiler_error(model.name ~ " still points somewhere after " ~ most_rounds ~ " rounds: its pointers run in a circle.") }}
    {%- endif -%}

    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({"relations": [relation]}) }}
{% endmaterialization %}
