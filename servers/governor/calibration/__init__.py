"""Owns what is learned of predictions: what people said of answers, and how well AIQ was predicted."""
