# Golden numbers for models/density from spatstat and sparr. Usage: Rscript density.R FOLDER
suppressMessages({library(spatstat.explore); library(sparr)})
into <- commandArgs(trailingOnly = TRUE)[1]
put <- function(table, name) write.csv(table, file.path(into, paste0("density_", name, ".csv")), row.names = FALSE)

# An invented city, 8 km by 8 km: controls thicken towards the middle, cases also around (6, 2).
set.seed(42)
W <- owin(c(0, 8), c(0, 8))
inside <- function(x, y) x > 0 & x < 8 & y > 0 & y < 8
draw <- function(n, x, y, sd) data.frame(x = rnorm(n, x, sd), y = rnorm(n, y, sd))
controls <- rbind(draw(200, 4, 4, 1.4), data.frame(x = runif(150, 0, 8), y = runif(150, 0, 8)))
cases <- rbind(draw(60, 4, 4, 1.4), data.frame(x = runif(50, 0, 8), y = runif(50, 0, 8)), draw(40, 6, 2, 0.5))
controls <- round(controls[inside(controls$x, controls$y), ], 4)
cases <- round(cases[inside(cases$x, cases$y), ], 4)
put(rbind(cbind(cases, case = 1), cbind(controls, case = 0)), "points")
f <- ppp(cases$x, cases$y, W); g <- ppp(controls$x, controls$y, W)
both <- ppp(c(f$x, g$x), c(f$y, g$y), W)

# Bandwidth selectors. The likelihood criterion is compared on given bandwidths.
grid <- c(0.3, 0.5, 0.8, 1.2, 2)
ppl <- function(kernel) attr(suppressWarnings(bw.ppl(f, sigma = grid, kernel = kernel)), "cv")
diggle <- suppressWarnings(bw.diggle(f, correction = "translate", hmax = 2, nr = 2048))
scott <- bw.scott(f)
put(data.frame(what = c(paste0("ppl_", grid), paste0("ppl_quartic_", grid), "diggle", "scott_x", "scott_y"),
               value = c(ppl("gaussian"), ppl("quartic"), diggle, scott[1], scott[2])), "bandwidths")

# Adaptive bandwidths and density (Abramson 1982), by sparr, on 256 by 256 pixels.
rows <- data.frame(x = c(1.03125, 3.96875, 6.03125, 6.96875, 4.53125), y = c(1.03125, 4.03125, 2.03125, 6.96875, 7.90625))
at <- function(image) interp.im(image, rows$x, rows$y)
ada <- function(edge) bivariate.density(f, h0 = 0.6, hp = 0.8, adapt = TRUE, resolution = 256, edge = edge,
                                        intensity = TRUE, verbose = FALSE)
none <- ada("none"); dig <- ada("diggle")
put(data.frame(h = none$h), "adaptive_bandwidths")
put(cbind(rows, none = at(none$z), diggle = at(dig$z)), "adaptive")

# Relative risk with asymptotic tolerance (fixed bandwidth), by sparr.
fixed <- function(p) bivariate.density(p, h0 = 0.7, resolution = 256, edge = "uniform", verbose = FALSE)
df <- fixed(f); dg <- fixed(g); pooled <- fixed(both)
rr <- risk(df, dg, log = TRUE, verbose = FALSE)
p <- tolerance(rr, method = "ASY", ref.density = pooled, verbose = FALSE)
put(cbind(rows, log_risk = at(rr$rr), p = at(p)), "risk")
