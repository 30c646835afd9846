# Nowcasts of R surveillance on a simulated reporting triangle: Rscript tests/oracles/delay.R tests/golden
# Writes delay_reports.csv (day, delay, count), delay_lawless.csv and delay_bayes.csv (one row per day).
suppressPackageStartupMessages(library(surveillance))
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20260101)

days <- 90
longest <- 14
start <- as.Date("2025-01-01")
now <- start + days - 1
share <- c(.38, .2, .12, .08, .06, .04, .03, .025, .02, .015, .01, .008, .006, .004, .002)
share <- share / sum(share)
level <- 30 * exp(0.3 * sin(2 * pi * seq_len(days) / 30)) * rgamma(days, 20, 20)
triangle <- t(sapply(level, function(mean) rpois(longest + 1, mean * share)))
cells <- expand.grid(day = seq_len(days) - 1, delay = 0:longest)
cells$count <- triangle[cbind(cells$day + 1, cells$delay + 1)]
cells <- cells[cells$count > 0, ]
write.csv(cells[order(cells$day, cells$delay), ], file.path(out, "delay_reports.csv"), row.names = FALSE, quote = FALSE)

rows <- cells[rep(seq_len(nrow(cells)), cells$count), ]
linelist <- data.frame(dHospital = start + rows$day, dReport = start + rows$day + rows$delay)
when <- seq(now - longest, now, by = "1 day")
quiet <- function(expression) { sink(tempfile()); on.exit(sink()); suppressMessages(suppressWarnings(expression)) }

control <- list(dRange = c(start, now), N.tInf.max = 200, alpha = .05, nSamples = 2000)
lawless <- quiet(nowcast(now, when, linelist, method = "lawless", D = longest, control = control,
                         m.interpretation = "lawless1994"))
known <- tapply(linelist$dReport <= now, factor(as.character(linelist$dHospital), as.character(when)), sum)
cdf <- delayCDF(lawless)[["lawless"]]
write.csv(data.frame(day = as.integer(when - start), age = as.integer(now - when), observed = as.integer(known),
                     share = cdf[as.integer(now - when) + 1]),
          file.path(out, "delay_lawless.csv"), row.names = FALSE, quote = FALSE)

set.seed(1)
control$N.tInf.prior <- structure("poisgamma", mean.lambda = 200, var.lambda = 200 + 200^2) # nearly flat
bayes <- quiet(nowcast(now, when, linelist, method = "bayes.trunc", D = longest, control = control))
at <- match(when, epoch(bayes, as.Date = TRUE))
write.csv(data.frame(day = as.integer(when - start), median = upperbound(bayes)[at, 1], low = bayes@pi[at, 1, 1],
                     high = bayes@pi[at, 1, 2]),
          file.path(out, "delay_bayes.csv"), row.names = FALSE, quote = FALSE)
