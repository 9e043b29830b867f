"""The gateway: the page, WebSockets, REST and the OpenAI form, all translations of the contracts."""
