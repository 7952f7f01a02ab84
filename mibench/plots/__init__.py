"""Figures of a frame of trials: the only room that imports matplotlib.

Every kind of figure is a function of (trials, unit) or (trials, unit, curves) that returns a `Drawing`, made without
pyplot, so that nothing global is touched; `finish` puts title, legend and caption around it. Estimators keep one
colour, marker and dash through all figures of a frame, and differ in all three: the figures read in black and white.
Legends stand outside the data and hold what is drawn; captions say n, seeds and what was left out.
"""
