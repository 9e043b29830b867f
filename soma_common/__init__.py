"""The library every SomaStack process shares: words, wire, storage, identity and observation."""
