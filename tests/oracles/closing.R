# Exact intervals, funnel limits and survival curves of R: Rscript tests/oracles/closing.R tests/golden
# Writes comparison_exact.csv (binom.test, poisson.test), comparison_funnel.csv (qpois, qnbinom),
# recomplaints_data.csv and recomplaints_survfit.csv (survival::survfit, conf.type = "log-log").
suppressPackageStartupMessages(library(survival))
out <- commandArgs(trailingOnly = TRUE)[1]

cases <- data.frame(now = c(86, 31, 0, 7, 120, 3), before = c(100, 9, 12, 0, 80, 3), own = c(28, 28, 27, 20, 28, 14),
                    other = c(28, 84, 28, 28, 25, 28))
exact <- t(apply(cases, 1, function(x) {
  two <- poisson.test(c(x["now"], x["before"]), c(x["own"], x["other"]))$conf.int
  p <- x["own"] / (x["own"] + x["other"])
  up <- binom.test(x["now"], x["now"] + x["before"], p, alternative = "greater")$p.value
  down <- binom.test(x["now"], x["now"] + x["before"], p, alternative = "less")$p.value
  one <- binom.test(x["now"], x["now"] + x["before"])$conf.int
  c(low = two[1], high = two[2], upper = unname(up), lower = unname(down), share_low = one[1], share_high = one[2])
}))
write.csv(data.frame(cases, format(exact, digits = 15)), file.path(out, "comparison_exact.csv"), row.names = FALSE,
          quote = FALSE)

funnel <- expand.grid(expected = c(0.7, 3, 12.5, 80, 400), dispersion = c(1, 1.8, 5), share = c(.95, .998))
limit <- function(tail, mean, spread) {
  if (spread == 1) qpois(tail, mean) else qnbinom(tail, size = mean / (spread - 1), mu = mean)
}
funnel$low <- mapply(function(m, d, s) limit((1 - s) / 2, m, d), funnel$expected, funnel$dispersion, funnel$share)
funnel$high <- mapply(function(m, d, s) limit((1 + s) / 2, m, d), funnel$expected, funnel$dispersion, funnel$share)
write.csv(funnel, file.path(out, "comparison_funnel.csv"), row.names = FALSE, quote = FALSE)

set.seed(20260105)
n <- 60
wait <- ceiling(rexp(n, 1 / 40))
follow <- sample(5:90, n, replace = TRUE)
data <- data.frame(days = pmin(wait, follow), returned = as.integer(wait <= follow))
write.csv(data, file.path(out, "recomplaints_data.csv"), row.names = FALSE, quote = FALSE)
curve <- survfit(Surv(days, returned) ~ 1, data, conf.type = "log-log")
kept <- curve$n.event > 0
write.csv(data.frame(time = curve$time, at_risk = curve$n.risk, events = curve$n.event,
                     survival = format(curve$surv, digits = 15), low = format(curve$lower, digits = 15),
                     high = format(curve$upper, digits = 15))[kept, ],
          file.path(out, "recomplaints_survfit.csv"), row.names = FALSE, quote = FALSE)
