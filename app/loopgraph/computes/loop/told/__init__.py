"""What is told of work from outside: outcomes, ratings, comments, commits; and what comparing people's own runs shows."""
