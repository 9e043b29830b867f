"""The forms that models have outside: OpenAI-compatible endpoints, litellm for others, the offline model."""
