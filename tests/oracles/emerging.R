# Space-time Gi* by spdep, Mann-Kendall by R's Kendall test. Usage: Rscript emerging.R OUTPUT_FOLDER
suppressMessages(library(spdep))
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20)

# a 5 x 6 lattice over 12 steps; bin (t, i) has the queen neighbours of i at t and t - 1, and itself at t - 1
rows <- 5; columns <- 6; n <- rows * columns; steps <- 12
row <- (seq_len(n) - 1) %/% columns; column <- (seq_len(n) - 1) %% columns
counts <- matrix(rpois(n * steps, 2), steps, n)
counts[8:12, c(8, 9, 14, 15)] <- counts[8:12, c(8, 9, 14, 15)] + 5
near <- lapply(seq_len(n), function(i) which(abs(row - row[i]) <= 1 & abs(column - column[i]) <= 1))
bins <- vector("list", n * steps)
for (t in seq_len(steps)) for (i in seq_len(n)) {
  members <- c(near[[i]] + (t - 1) * n, if (t > 1) near[[i]] + (t - 2) * n)
  bins[[(t - 1) * n + i]] <- as.integer(sort(members))
}
attr(bins, "region.id") <- as.character(seq_len(n * steps))
attr(bins, "self.included") <- TRUE
class(bins) <- "nb"
z <- localG(as.vector(t(counts)), nb2listw(bins, style = "B"))
write.csv(data.frame(step = rep(seq_len(steps), each = n), cell = rep(seq_len(n), steps), count = as.vector(t(counts)),
                     z = as.numeric(z)), file.path(out, "emerging_gi_star.csv"), row.names = FALSE)

# series of 6 to 40 values, with and without ties; z with the continuity correction
series <- list(); trend <- data.frame()
for (s in 1:24) {
  m <- sample(6:40, 1)
  x <- if (s %% 2) round(rnorm(m) + seq_len(m) * (s - 12) / 200, 6) else rpois(m, 2) + seq_len(m) %/% 15
  test <- suppressWarnings(cor.test(seq_len(m), x, method = "kendall", exact = FALSE, continuity = TRUE))
  series[[s]] <- data.frame(series = s, value = x)
  score <- sum(sign(outer(x, x, "-"))[lower.tri(diag(m))])
  trend <- rbind(trend, data.frame(series = s, score = score, z = unname(test$statistic), p = test$p.value))
}
write.csv(do.call(rbind, series), file.path(out, "emerging_series.csv"), row.names = FALSE)
write.csv(format(trend, digits = 15), file.path(out, "emerging_trend.csv"), row.names = FALSE, quote = FALSE)
