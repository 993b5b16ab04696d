"""The depot: where entries and prefixes lie, how they come in, and how they are checked."""
