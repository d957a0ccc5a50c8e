"""Who is acting: people, their tokens, and the record of what they did."""
