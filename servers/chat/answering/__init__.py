"""Answering a turn: what is known, what is planned, what the models are asked and say."""
