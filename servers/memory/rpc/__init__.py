"""`soma.memory.v1.MemoryService`: messages in, use cases, messages out."""
