"""Whether a student of any width shrinks to the size of its teacher."""
