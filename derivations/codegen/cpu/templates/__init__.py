"""Functions around the proven ones, as source for the printers; see `codegen.templates`. Never imported."""
