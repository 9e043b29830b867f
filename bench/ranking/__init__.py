"""A hundred tools and what people say, with the right tools by hand: how good the governor's ranking is."""
