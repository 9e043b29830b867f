"""Acting: salience, working memory, plans."""
