# EARS, the CDC method and Farrington (flexible, and of 1996) of R surveillance on simulated weekly series.
# Usage: Rscript --vanilla tests/oracles/surveillance.R tests/golden
suppressMessages(library(surveillance))
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20260801)
weeks <- 340
t <- seq_len(weeks)
nb <- function(mean, phi) if (phi == 1) rpois(weeks, mean) else rnbinom(weeks, size = mean / (phi - 1), prob = 1 / phi)
season <- exp(0.6 * cos(2 * pi * t / 52.18))
surge <- function(y, at, size) { y[at] <- y[at] + size; y }
series <- list(
  empty = rep(0, weeks),
  rare = nb(0.03, 1),
  sparse = nb(0.3, 1),
  sparse_clustered = nb(0.5 + 0 * t, 3),
  low_season = surge(nb(1.5 * season, 1), c(310, 311, 330), c(6, 9, 12)),
  dense = surge(nb(40 * season, 1), 325, 60),
  dense_clustered = surge(nb(25 * season, 12), c(305, 306), c(120, 90)),
  rising = nb(exp(0.2 + 0.008 * t) * season, 2),
  falling = nb(exp(3.5 - 0.012 * t), 2),
  past_storm = surge(nb(6 * season, 1.5), c(180, 181, 182), c(90, 70, 40)),
  begun_late = c(rep(0, 230), nb(4, 2)[1:(weeks - 230)])
)
gaps <- c(60:64, 120, 150:152, 225)
series$with_gaps <- nb(5 * season, 2)
series$with_gaps[gaps] <- NA
observed <- do.call(cbind, series)
write.csv(observed, file.path(out, "surveillance_series.csv"), row.names = FALSE, na = "")

dates <- as.Date("2008-01-07") + 7 * (t - 1)
as_series <- function(name, dated) {
  if (dated) sts(observed = matrix(series[[name]]), epoch = as.numeric(dates), epochAsDate = TRUE, frequency = 52)
  else sts(observed = matrix(series[[name]]), frequency = 52)
}
flexible <- list(
  noufaily = list(b = 5, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26, pThresholdTrend = 1, alpha = 0.01,
                  thresholdMethod = "nbPlugin"),
  noufaily_dated = list(b = 4, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26, pThresholdTrend = 1, alpha = 0.01,
                        thresholdMethod = "nbPlugin"),
  two_years = list(b = 2, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26, pThresholdTrend = 1, alpha = 0.01,
                   thresholdMethod = "nbPlugin"),
  delta = list(b = 4, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26, pThresholdTrend = 0.05, alpha = 0.05,
               thresholdMethod = "delta"),
  muan = list(b = 5, w = 2, noPeriods = 8, pastWeeksNotIncluded = 20, pThresholdTrend = 1, alpha = 0.05,
              thresholdMethod = "muan", limit54 = c(0, 4)),
  r_defaults = list(b = 5, w = 3, alpha = 0.05)
)
rows <- list()
for (config in names(flexible)) for (name in names(series)) {
  control <- modifyList(flexible[[config]], list(range = 301:weeks, glmWarnings = FALSE))
  done <- suppressWarnings(farringtonFlexible(as_series(name, config == "noufaily_dated"), control))
  rows[[paste(config, name)]] <- data.frame(
    config = config, series = name, week = 301:weeks, upper = as.vector(done@upperbound),
    alarm = as.integer(done@alarm), expected = as.vector(done@control$expected),
    phi = as.vector(done@control$phiVector), trend = as.vector(done@control$trend),
    p_value = as.vector(done@control$pvalue))
}
for (config in names(flexible)) {
  part <- do.call(rbind, rows[startsWith(names(rows), paste0(config, " "))])
  part[-(1:3)] <- lapply(part[-(1:3)], signif, 9)
  write.csv(part[-1], file.path(out, paste0("surveillance_farrington_", config, ".csv")), row.names = FALSE, na = "")
}

rows <- list()
for (name in setdiff(names(series), "with_gaps")) {
  line <- create.disProg(week = t, observed = series[[name]], state = 0 * t, freq = 52)
  invisible(capture.output(far <- suppressWarnings(
    algo.farrington(line, list(range = 301:weeks, b = 5, w = 3, alpha = 0.01, powertrans = "2/3")))))
  cdc <- algo.cdc(line, list(range = 301:weeks, b = 5, m = 1, alpha = 0.025))
  row <- data.frame(series = name, week = 301:weeks, farrington_upper = as.vector(far$upperbound),
                    farrington_alarm = as.vector(far$alarm), cdc_upper = as.vector(cdc$upperbound),
                    cdc_alarm = as.vector(cdc$alarm))
  for (method in c("C1", "C2", "C3")) {
    ears <- earsC(as_series(name, FALSE), list(range = 301:weeks, method = method, alpha = 0.001, baseline = 7,
                                               minSigma = if (method == "C3") 0.5 else 0))
    row[[paste0(method, "_upper")]] <- as.vector(ears@upperbound)
    row[[paste0(method, "_alarm")]] <- as.integer(ears@alarm)
  }
  rows[[name]] <- row
}
rows <- do.call(rbind, rows)
rows[-(1:2)] <- lapply(rows[-(1:2)], signif, 10)
write.csv(rows, file.path(out, "surveillance_ears.csv"), row.names = FALSE, na = "")
