-- What a person told an agent can be taken back; nothing else of a version is ever changed.
grant update (name, system_prompt, canned_answer, warm_style, changed_by) on agent_versions to :app;
