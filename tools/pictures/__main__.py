"""Draw the pictures; see `make pictures`."""

from tools.pictures import nights, plots, tree

tree.draw()
records = nights.records()
plots.sizes(records)
plots.changes(records)
