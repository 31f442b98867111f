/*
 * report_histogram - a histogram as a data point of OTLP, in the conventions' buckets or in
 * exponential ones.
 *
 * Used by report.c, which sets times and attributes. What a point refers to is in the arena or in
 * h.
 */
#ifndef PELLUCID_OBSERVER_REPORT_HISTOGRAM_H
#define PELLUCID_OBSERVER_REPORT_HISTOGRAM_H

#include "otlp.pb-c.h"
#include "pellucid/arena.h"
#include "sink.h"

void pel_report_real(Otlp__HistogramDataPoint *p, const struct pel_real_histogram *h);
/* unit: what values are divided by to be told. */
void pel_report_explicit(Otlp__HistogramDataPoint *p, const struct pel_histogram *h, double unit,
                         struct pel_arena *a);
/* Of h->exponential, whose buckets are of seconds. */
void pel_report_exponential(Otlp__ExponentialHistogramDataPoint *p, const struct pel_histogram *h,
                            double unit, struct pel_arena *a);

#endif
