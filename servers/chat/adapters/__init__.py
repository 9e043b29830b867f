"""The forms that models have outside: OpenAI-compatible endpoints, and the offline model that needs none."""
