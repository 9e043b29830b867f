"""The settings of turns: what they may use, how long they wait for a person, which features they have.

Nothing here reads a value.
"""

from pydantic import BaseModel

from config.setting import Count, DayLimit, setting


class Turns(BaseModel):
    """Budgets, consents and features."""

    # budgets
    budget_day_tokens: DayLimit | None = setting(
        "SOMA_BUDGET_DAY_TOKENS", "How many tokens a tenant may use a day.", "20000000"
    )
    budget_day_micros: DayLimit | None = setting(
        "SOMA_BUDGET_DAY_MICROS",
        "How much a tenant may spend a day, in micros.",
        "20000000",
    )

    # consents
    approval_hours: Count | None = setting(
        "SOMA_APPROVAL_HOURS", "How many hours a tool waits for a person's consent before that counts as denied.", "168"
    )

    # features
    feature_memory: bool | None = setting("SOMA_FEATURE_MEMORY", "Whether memories are kept and recalled.", "true")
    feature_voice: bool | None = setting("SOMA_FEATURE_VOICE", "Whether voice is offered.", "false")
    feature_mcp: bool | None = setting("SOMA_FEATURE_MCP", "Whether MCP tools are offered.", "true")
    feature_code_execution: bool | None = setting("SOMA_FEATURE_CODE_EXECUTION", "Whether code may be run.", "false")
    feature_titles: bool | None = setting(
        "SOMA_FEATURE_TITLES", "Whether a model names conversations; without it their first words do.", "true"
    )
    feature_extraction: bool | None = setting(
        "SOMA_FEATURE_EXTRACTION", "Whether a model finds what is worth remembering; without it rules do.", "false"
    )
    feature_agentiq_governor: bool | None = setting(
        "SOMA_FEATURE_AGENTIQ_GOVERNOR",
        "Whether the governor measures and budgets each turn.",
        "true",
    )
