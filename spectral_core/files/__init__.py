"""Files written whole or not at all: models, tables of rows."""
