"""What the commands about budgets, receipts, levels and the governor's configuration share: calls, choices, words."""
