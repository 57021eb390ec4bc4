"""Draw the pictures; see `make pictures`."""

from tools.pictures import plots, simulation, stream_diagram

stream_diagram.draw()
records = simulation.run()
plots.draw_sizes(records)
plots.draw_changes(records)
