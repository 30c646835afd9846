# DBSCAN by package dbscan, Knox by surveillance. Usage: Rscript clusters.R OUTPUT_FOLDER
suppressMessages(library(surveillance))
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(6)

centre <- matrix(runif(10, 0, 2000), 5, 2)
points <- rbind(centre[rep(1:5, each = 30), ] + matrix(rnorm(300, 0, 60), 150, 2), matrix(runif(200, 0, 2000), 100, 2))
points <- rbind(round(points), round(points)[rep(1:4, c(6, 3, 2, 2)), ])
times <- sample(0:60, nrow(points), replace = TRUE)
flat <- dbscan::dbscan(points, eps = 80, minPts = 6)
core <- dbscan::is.corepoint(points, eps = 80, minPts = 6)
write.csv(data.frame(x = points[, 1], y = points[, 2], day = times, cluster = flat$cluster, core = core),
          file.path(out, "clusters_points.csv"), row.names = FALSE)

# Knox: pairs up to these distances and spans, what is expected, and the Poisson and permutation p
table <- data.frame()
for (distance in c(50, 100, 250)) for (span in c(2, 7)) {
  invisible(capture.output(  # it draws its progress
    test <- knox(dist(times), dist(points), eps.t = span, eps.s = distance, simulate.p.value = TRUE, B = 999)))
  poisson <- knox(dist(times), dist(points), eps.t = span, eps.s = distance, simulate.p.value = FALSE)
  table <- rbind(table, data.frame(distance, span, statistic = unname(test$statistic),
                                   expected = unname(poisson$parameter), simulated_mean = unname(test$null.value),
                                   p_above = poisson$p.value, p_simulated = test$p.value))
}
write.csv(format(table, digits = 15), file.path(out, "clusters_knox.csv"), row.names = FALSE, quote = FALSE)
