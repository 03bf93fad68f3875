"""What the documentation site needs beside its pages: code of pages, proofs for lessons, mathematics without a network."""
