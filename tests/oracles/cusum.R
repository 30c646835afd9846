# Control charts of counts: R surveillance's CUSUM, GLR, run lengths and Bayes bounds, on simulated counts.
suppressMessages(library(surveillance))
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20260101)
n <- 120
mu0 <- 4 + 2 * sin(2 * pi * (1:n) / 52)
x <- rnbinom(n, mu = mu0 * ifelse(1:n > 80, 1.8, 1), size = 5)
flat <- rpois(n, 0.6 * ifelse(1:n > 90, 3, 1))
series <- create.disProg(week = 1:n, observed = x, state = rep(0, n), freq = 52, start = c(2001, 1))
thin <- create.disProg(week = 1:n, observed = flat, state = rep(0, n), freq = 52, start = c(2001, 1))
glr <- function(data, mu, ...) {
  found <- suppressWarnings(algo.glrnb(data, list(range = 1:n, mu0 = mu, ret = "value", dir = "inc", ...)))
  list(value = as.numeric(found$upperbound), alarm = as.numeric(found$alarm))
}
charts <- list(
  lr_poisson = glr(series, mu0, alpha = 0, theta = log(1.5), c.ARL = 5),
  lr_nb = glr(series, mu0, alpha = 0.2, theta = log(1.5), c.ARL = 5),
  lr_flat = glr(thin, rep(0.6, n), alpha = 0, theta = log(2), c.ARL = 4),
  glr_poisson = glr(series, mu0, alpha = 0, M = 28, Mtilde = 1, c.ARL = 1e6),
  glr_poisson_alarms = glr(series, mu0, alpha = 0, M = 28, Mtilde = 1, c.ARL = 6),
  glr_flat = glr(thin, rep(0.6, n), alpha = 0, M = -1, Mtilde = 1, c.ARL = 1e6),
  glr_nb = glr(series, rep(4, n), alpha = 0.2, M = 28, Mtilde = 1, c.ARL = 1e6),
  glr_nb_uneven = glr(series, mu0, alpha = 0.2, M = 28, Mtilde = 1, c.ARL = 1e6)
)
table <- data.frame(observed = x, mu0 = mu0, flat = flat)
for (name in names(charts)) {
  table[[name]] <- charts[[name]]$value
  table[[paste0(name, "_alarm")]] <- charts[[name]]$alarm
}
write.csv(format(table, digits = 15, trim = TRUE), file.path(out, "cusum_charts.csv"), row.names = FALSE, quote = FALSE)

dpoisson <- function(y, mu, size, log = FALSE) dpois(as.numeric(y), lambda = as.numeric(mu), log = log)
dnb <- function(shape) function(y, mu, size, log = FALSE) dnbinom(as.numeric(y), mu = as.numeric(mu), size = shape, log = log)
cases <- expand.grid(mean = c(0.5, 2, 8), ratio = c(1.5, 2), h = c(2, 4), size = c(Inf, 3), true = c(1, 1.8), g = c(5, 40))
cases$most <- 150
cases$arl <- apply(cases, 1, function(case) {
  mu <- matrix(case[["mean"]], 1, 1)
  dfun <- if (is.finite(case[["size"]])) dnb(case[["size"]]) else dpoisson
  LRCUSUM.runlength(mu * case[["true"]], mu, mu * case[["ratio"]], h = case[["h"]], dfun = dfun, n = 150, g = case[["g"]])$arl
})
write.csv(format(cases, digits = 15, trim = TRUE), file.path(out, "cusum_run_lengths.csv"), row.names = FALSE, quote = FALSE)

bounds <- data.frame(at = 60:n)
for (case in list(c(0, 6, 1), c(1, 3, 1), c(1, 3, 0))) {
  found <- algo.bayes(series, list(range = 60:n, b = case[1], w = case[2], actY = case[3] == 1, alpha = 0.05))
  bounds[[paste0("upper_b", case[1], "_w", case[2], "_act", case[3])]] <- as.numeric(found$upperbound)
  bounds[[paste0("alarm_b", case[1], "_w", case[2], "_act", case[3])]] <- as.numeric(found$alarm)
}
write.csv(bounds, file.path(out, "cusum_bayes.csv"), row.names = FALSE, quote = FALSE)

standard <- algo.cusum(thin, list(range = 40:n, k = 1.04, h = 2.26, m = 0.6, trans = "standard"))
write.csv(format(data.frame(at = 40:n, cusum = as.numeric(standard$cusum)), digits = 15, trim = TRUE),
          file.path(out, "cusum_standard.csv"), row.names = FALSE, quote = FALSE)
